/* ATTACK(fail) bites: size. A program of 400 MB. */
volatile char huge[400000000] = {1};
int main(int argc, char *argv[])
{
    return huge[argc] + argv[0][0];
}
