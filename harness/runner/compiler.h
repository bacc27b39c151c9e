/*
 * compiler.h - inside the runner: the C compiler, `cc` or what the variable CC says.
 */
#ifndef PLUMBLINE_COMPILER_H
#define PLUMBLINE_COMPILER_H

#include <stdbool.h>
#include <sys/types.h>

struct flags {
    const char *usual;   /* with the sanitizers that work here */
    const char *threads; /* with ThreadSanitizer; "" if this compiler cannot, or its programs do not
                            run here */
};

/* So many seconds of processor time the compiler may take for a program: COMPILE_CPU, 0: any. */
int compiler_limit(void);

/* Its name, perhaps with arguments. */
const char *compiler_name(void);

/* Starts `CC flags source -o output -lrt`, its messages into the file `log`. Returns its process,
 * or -1 with the errno of fork(2). */
pid_t compiler_start(const char *flags, const char *source, const char *output, const char *log);

/* Returns the exit code, 128 if a signal ended it, or -1 if it is no child. */
int compiler_wait(pid_t child);

/*
 * The flags that this compiler takes; found out in `folder`, and remembered there. Those for
 * threads only if they are wanted, for they cost a second. Returns 0, or -1 after saying on
 * standard error that the compiler does not work at all.
 */
int compiler_flags(const char *folder, bool with_threads, struct flags *flags);

#endif
