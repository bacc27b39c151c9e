/* ATTACK(fail) bites: secret. The compiler quotes what it does not understand. */
#include "/etc/passwd"
int main(void)
{
    return 0;
}
