/* ATTACK(fail) bites: secret. What the neighbor handed in. */
#include "/submissions/honest/sockinfo.c"
