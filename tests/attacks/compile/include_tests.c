/* ATTACK(fail) bites: secret. The tests, carried inside the program. */
__asm__(".section .rodata\n.incbin \"/build/steps/01-socket\"\n.text");
int main(void)
{
    return 0;
}
