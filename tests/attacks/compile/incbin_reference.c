/* ATTACK(fail) bites: secret. The reference build, carried inside the program. */
__asm__(".section .rodata\n.incbin \"/build/solutions/01-socket/sockinfo\"\n.text");
int main(void)
{
    return 0;
}
