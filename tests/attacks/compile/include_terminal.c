/* ATTACK(fail) bites: time. A terminal into which nobody types. */
#include "/dev/ptmx"
int main(void)
{
    return 0;
}
