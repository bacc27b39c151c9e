/* ATTACK(fail) bites: secret. The solution's source, if it can be found. */
#include "../../solutions/01-socket/sockinfo.c"
