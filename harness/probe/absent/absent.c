/*
 * absent.c - names that a sanitizer looks for and that nobody here has.
 *
 * When a program with AddressSanitizer starts, the sanitizer asks dlsym() for each function that it
 * wraps, and some of them no C library has had for years. A dlsym() that fails takes memory for its
 * message, and the first few bytes of a kind cost the sanitizer's own allocator a whole region:
 * more than half of all page faults of a start. So the names are here, and nothing fails.
 *
 * The probe needs this library, which is loaded behind all that the program itself needs: whoever
 * really has one of these names comes first. The version in absent.map keeps them from standing in
 * for another library's. Nobody calls them.
 */
#define ABSENT(name)                                                                               \
    __attribute__((visibility("default"))) void *name(void);                                       \
    void *name(void)                                                                               \
    {                                                                                              \
        return (void *)0;                                                                          \
    }

ABSENT(crypt)
ABSENT(crypt_r)
ABSENT(__cxa_rethrow_primary_exception)
ABSENT(__cxa_throw)
ABSENT(__isoc99_fprintf)
ABSENT(__isoc99_printf)
ABSENT(__isoc99_snprintf)
ABSENT(__isoc99_sprintf)
ABSENT(__isoc99_vfprintf)
ABSENT(__isoc99_vprintf)
ABSENT(__isoc99_vsnprintf)
ABSENT(__isoc99_vsprintf)
ABSENT(__pthread_mutex_lock)
ABSENT(__pthread_mutex_unlock)
ABSENT(pthread_mutexattr_getrobust_np)
ABSENT(swift_demangle)
ABSENT(xdr_bool)
ABSENT(xdr_bytes)
ABSENT(xdr_char)
ABSENT(xdr_destroy)
ABSENT(xdr_double)
ABSENT(xdr_enum)
ABSENT(xdr_float)
ABSENT(xdr_hyper)
ABSENT(xdr_int)
ABSENT(xdr_int16_t)
ABSENT(xdr_int32_t)
ABSENT(xdr_int64_t)
ABSENT(xdr_int8_t)
ABSENT(xdr_long)
ABSENT(xdr_longlong_t)
ABSENT(xdr_quad_t)
ABSENT(xdr_short)
ABSENT(xdr_string)
ABSENT(xdr_u_char)
ABSENT(xdr_u_hyper)
ABSENT(xdr_u_int)
ABSENT(xdr_u_long)
ABSENT(xdr_u_longlong_t)
ABSENT(xdr_u_quad_t)
ABSENT(xdr_u_short)
ABSENT(xdr_uint16_t)
ABSENT(xdr_uint32_t)
ABSENT(xdr_uint64_t)
ABSENT(xdr_uint8_t)
ABSENT(xdrmem_create)
ABSENT(xdrrec_create)
ABSENT(xdrstdio_create)
