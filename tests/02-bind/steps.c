/*
 * steps.c - lab 02: an address of your own.
 */
#include "arguments.h"
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

STEP(1, "a port is digits from 0 to 65535, all else is a usage error", .points = 10,
     .see = "Step 1: what is a port?",
     .hints = {"atoi() takes \"80x\" for 80 and \"abc\" for 0. How would you notice?",
               "strspn(word, \"0123456789\") counts the digits at the start; a port has at least "
               "one and nothing behind them. strtol() gives the value; compare it with 65535.",
               "Three conditions: there is a digit, the word ends after the digits, the value is "
               "at most 65535. strtol() turns what is too large for a long into LONG_MAX."},
     .by_hand = "build/labs/02-bind/bindto 127.0.0.1 80x; echo $?")
{
    expect_usage_error("bindto");
    expect_usage_error("bindto", "127.0.0.1", "abc");
    expect_strict_arguments("bindto", WORD("127.0.0.1"), PORT("0"));
    static const struct {
        const char *word, *cause;
    } right[] = {{"65535", "65535 is a port, the last one."},
                 {"0", "0 is a port: it lets the kernel choose."},
                 {"08089", "A port is decimal, zeros in front or not: 08089 is 8089. Give strtol() "
                           "the base 10; with 0 a zero in front means octal."}};
    enum { RIGHT = sizeof right / sizeof right[0] };
    struct program *programs[RIGHT];
    for (int i = 0; i < RIGHT; i++) {
        programs[i] = start("bindto", "127.0.0.1", right[i].word);
        end_input(programs[i]);
    }
    for (int i = 0; i < RIGHT; i++) {
        tried("ran `bindto 127.0.0.1 %s`", right[i].word);
        suspect("%s", right[i].cause);
        expect_that(exit_status(programs[i]) != 2, "no usage error", "exit code 2");
    }
}

/* What the reference says when it fails: the words behind the last ": " of its line. */
static const char *reference_reason(const char *host, const char *port)
{
    struct program *reference = start_reference("bindto", host, port);
    end_input(reference);
    if (exit_status(reference) != 1)
        return NULL;
    struct bytes said = error_output(reference);
    const char *line = text("%.*s", (int)said.length, (const char *)said.at);
    const char *colon = strrchr(line, ':');
    return colon ? text("%.*s", (int)strcspn(colon + 2, "\n"), colon + 2) : NULL;
}

/* For a program that should not have found a name: what else may have stopped it? */
static void suspect_look_up(struct program *program)
{
    static const int of_hints[] = {EAI_BADFLAGS, EAI_FAMILY, EAI_SERVICE, EAI_SOCKTYPE};
    exit_status(program);
    suspect("getaddrinfo() fails with a code of its own, and errno says nothing about it: return "
            "that code, and main puts it into words with gai_strerror().");
    for (size_t i = 0; i < sizeof of_hints / sizeof of_hints[0]; i++)
        if (gives_reason(error_output(program), gai_strerror(of_hints[i])))
            suspect("getaddrinfo() did not like what hints asks for. Zero hints before you set its "
                    "fields: it has more of them.");
}

STEP(2, "getaddrinfo() turns names and numbers into addresses", .points = 15, .after = 1,
     .see = "Step 2: names and numbers",
     .hints = {"One call knows names, IPv4 and IPv6. What does it want to be told first?",
               "getaddrinfo(host, port, &hints, list), where hints says the family, the socket "
               "type and AI_PASSIVE. See getaddrinfo(3).",
               "Zero all of hints, set ai_family, ai_socktype and ai_flags, and return what "
               "getaddrinfo() returns: 0, or a code for gai_strerror()."},
     .by_hand = "build/labs/02-bind/bindto no..name 0")
{
    tried("ran `bindto no..name 0`, a name that cannot exist");
    const char *why = reference_reason("no..name", "0");
    if (!why)
        cannot_judge("the name \"no..name\" is known here");
    struct program *program = start("bindto", "no..name", "0");
    end_input(program);
    suspect_look_up(program);
    expect_failure(program, why);

    static const char *const known[] = {"127.0.0.1", "localhost", "::1"};
    for (int i = 0; i < (has_ipv6() ? 3 : 2); i++) {
        tried("ran `bindto %s 0`", known[i]);
        suspect("This host is known. hints must be zero but for the fields that you set, and the "
                "family open (AF_UNSPEC) to let IPv6 in.");
        program = start("bindto", known[i], "0");
        end_input(program);
        if (exit_status(program) == 0)
            continue;
        struct bytes said = error_output(program);
        expect_that(!memmem(said.at, said.length, "getaddrinfo", 11), "no failure of getaddrinfo",
                    "%s", shown(said));
    }
}

/* Names the mistake if the program told another port than the one asked for. */
static void suspect_by_port(int told, int asked)
{
    int swapped = (asked & 0xff) << 8 | asked >> 8;
    if (told == swapped)
        suspect("%d is %d with its two bytes swapped: a port goes into an address in network byte "
                "order, by htons() (getaddrinfo() does it for you), and comes out by ntohs().",
                swapped, asked);
    else if (told > 0 && told != asked)
        suspect("Port %d was asked for, and the kernel chose another: the port has to go into the "
                "address that bind() gets (hand it to getaddrinfo(), too).",
                asked);
}

/* For a program that should have been refused because the port is taken: where did it go instead,
 * or what else stopped it? */
static void suspect_by_output(struct program *program, int asked)
{
    exit_status(program);
    struct bytes said = error_output(program);
    if (gives_reason(said, reason(EADDRNOTAVAIL)))
        suspect("This address is one of ours, so another one came to bind(). A number like "
                "INADDR_LOOPBACK goes into an address by htonl(); getaddrinfo() does it for you.");
    else if (gives_reason(said, reason(EINVAL)))
        suspect("bind() fails with EINVAL if the length is not the address's: give it ai_addrlen, "
                "or the sizeof of the struct, never that of a pointer. It also does for a socket "
                "that is bound already.");
    said = output_so_far(program);
    if (said.length > 9 && said.length < 100)
        suspect_by_port(port_of(text("%.*s", (int)said.length - 1, (const char *)said.at)), asked);
}

STEP(3, "what the kernel refuses ends with its reason", .points = 20, .after = 2,
     .see = "Step 3: bind",
     .hints = {"Which call gives a socket its address, and how can it fail?",
               "bind(fd, ai->ai_addr, ai->ai_addrlen). EADDRINUSE: somebody has the port; "
               "EADDRNOTAVAIL: no such address on this machine. See bind(2).",
               "Keep what bind() returns in result, 0 or -1. The lines below it do the rest: they "
               "keep errno for the message."},
     .by_hand = "nc -l 127.0.0.1 4000 & build/labs/02-bind/bindto 127.0.0.1 4000")
{
    for (int i = 0; i < host_count(); i++) {
        struct peer *holder = open_door_at(address(hosts[i], free_port()), 1, 0);
        const char *port = port_text(port_of(local_address(holder)));
        tried("ran bindto on %s, where another socket listens", local_address(holder));
        suspect("bind() fails with EADDRINUSE. Check its result, report errno, exit with 1.");
        struct program *program = start("bindto", hosts[i], port);
        end_input(program);
        suspect_by_output(program, port_of(local_address(holder)));
        expect_failure(program, reason(EADDRINUSE));
        expect_no_more_output(program);
    }
    tried("ran `bindto 192.0.2.1 0`, an address that is not ours");
    suspect("bind() fails with EADDRNOTAVAIL for an address of another machine. Bind to the "
            "address that was asked for, check bind()'s result and report errno.");
    struct program *program = start("bindto", "192.0.2.1", "0");
    end_input(program);
    expect_failure(program, reason(EADDRNOTAVAIL));
}

static const char *bound_to(struct program *program)
{
    const char *line = next_line(program);
    if (strncmp(line, "bound to ", 9) != 0 || port_of(line + 9) == -1)
        fail_step("the line \"bound to ADDR:PORT\"", shown(bytes_of(line)));
    return line + 9;
}

static void expect_bound_to(const char *host, int port)
{
    struct program *program = start("bindto", host, port_text(port));
    const char *where = bound_to(program);
    suspect_by_port(port_of(where), port);
    expect_that(strcmp(where, address(host, port)) == 0, text("bound to %s", address(host, port)),
                "bound to %s", where);
}

/* The port is told in digits, and has been read as decimal ones, whatever names and other bases
 * there are. Where no port has a name that is all that can be seen. */
static void expect_plain_number(void)
{
    int port = free_port_with_name();
    if (port == 0)
        return;
    const char *word = text("0%d", port);
    tried("ran `bindto 127.0.0.1 %s`", word);
    suspect("A port is decimal, zeros in front or not: %s is %d. Give strtol() the base 10.", word,
            port);
    const char *line = next_line(start("bindto", "127.0.0.1", word));
    const char *told = strrchr(line, ':');
    if (told && (told[1] < '0' || told[1] > '9'))
        suspect("Some ports have names in /etc/services. Give getnameinfo() NI_NUMERICSERV too, "
                "then it prints the number.");
    expect_that(strcmp(line, text("bound to 127.0.0.1:%d", port)) == 0,
                text("bound to 127.0.0.1:%d", port), "%s", line);
}

/* Addresses that can be written in more than one way, or stand for many. */
static void expect_addresses_told(void)
{
    static const struct {
        const char *word, *host;
        bool six;
    } asked[] = {
        {"0.0.0.0", "0.0.0.0", false}, {"::", "::", true}, {"0:0:0:0:0:0:0:1", "::1", true}};
    enum { ASKED = sizeof asked / sizeof asked[0] };
    struct program *programs[ASKED];
    int count = has_ipv6() ? ASKED : 1;
    for (int i = 0; i < count; i++)
        programs[i] = start("bindto", asked[i].word, "0");
    for (int i = 0; i < count; i++) {
        tried("ran `bindto %s 0`", asked[i].word);
        suspect("Bind to the address that was asked for, and print the one that getsockname() "
                "reports, not the word that was typed.");
        const char *where = bound_to(programs[i]);
        const char *right = address(asked[i].host, port_of(where));
        expect_that(strcmp(where, right) == 0, text("bound to %s", right), "bound to %s", where);
    }
}

STEP(4, "getsockname() tells what the socket is bound to", .points = 20, .after = 3,
     .see = "Step 4: ask where you are",
     .hints = {"With port 0 the kernel chooses. Who knows the result?",
               "getsockname() fills in the socket's address; getnameinfo() makes text of it. See "
               "getsockname(2) and getnameinfo(3).",
               "Set the length before getsockname(), give getnameinfo() the length that came back, "
               "and the flags NI_NUMERICHOST | NI_NUMERICSERV."},
     .by_hand = "build/labs/02-bind/bindto ::1 0 </dev/null")
{
    for (int i = 0; i < host_count(); i++) {
        int port = free_port();
        tried("ran `bindto %s %d`", hosts[i], port);
        suspect("Print the address that getsockname() reports, in numbers and at once (fflush()); "
                "an IPv6 address stands in brackets.");
        expect_bound_to(hosts[i], port);

        tried("ran `bindto %s 0`", hosts[i]);
        suspect("Port 0 lets the kernel choose: print the port that getsockname() reports after "
                "bind(), not the one that was asked for.");
        struct program *program = start("bindto", hosts[i], "0");
        const char *where = bound_to(program);
        expect_that(port_of(where) > 0 && strcmp(host_of(where), hosts[i]) == 0,
                    text("bound to %s with a port other than 0", hosts[i]), "bound to %s", where);
    }

    expect_plain_number();
    expect_addresses_told();
    tried("ran `bindto localhost PORT`, a name");
    suspect("A name stands for one address or several: take the first that can be bound.");
    struct program *reference = start_reference("bindto", "localhost", "0");
    const char *first = host_of(bound_to(reference));
    struct program *program = start("bindto", "localhost", "0");
    const char *where = bound_to(program);
    expect_that(strcmp(host_of(where), first) == 0, text("bound to %s", first), "bound to %s",
                where);
    for (int i = 0; i < host_count(); i++)
        if (strcmp(hosts[i], first) != 0 && localhost_is(hosts[i])) {
            const char *port = port_text(port_of(local_address(open_door(first, 1, 0))));
            tried("ran `bindto localhost PORT` where PORT is taken on %s", first);
            suspect("localhost has a second address, and there the port is free: take the first "
                    "that can be bound.");
            where = bound_to(start("bindto", "localhost", port));
            expect_that(strcmp(host_of(where), hosts[i]) == 0, text("bound to %s", hosts[i]),
                        "bound to %s", where);
        }

    tried("gave bindto a standard output that is full (/dev/full)");
    suspect("Whether the line could be written is known after fflush(): exit with 1 if not.");
    program = launch(.program = "bindto", .args = {"127.0.0.1", "0"}, .output = FROM_FILE,
                     .output_path = "/dev/full");
    expect_exit(program, 1);
}

/* Without SO_REUSEADDR any other socket with this port is in the way, whether it listens or not. */
static bool is_taken(int port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = bind(fd, (struct sockaddr *)&here, sizeof here) == -1;
    close(fd);
    return taken;
}

STEP(5, "the port is held until standard input ends", .points = 20, .after = 4,
     .see = "Step 5: hold it",
     .hints = {"An address belongs to a socket. How long does a socket live?",
               "As long as its process has it open. read() on STDIN_FILENO waits for input, and "
               "returns 0 at its end. See read(2).",
               "Call read() in a loop while it returns more than 0, or -1 with EINTR."},
     .by_hand = "build/labs/02-bind/bindto 127.0.0.1 4000    # in a second terminal: the same")
{
    tried("started bindto and tried to bind the same port");
    suspect("Keep the socket open, and the process waiting, until end of file on standard input.");
    int port = free_port();
    struct program *program = start("bindto", "127.0.0.1", port_text(port));
    const char *where = bound_to(program);
    wait_until_idle(program);
    expect_running(program);
    suspect("The kernel says that this port is free: what was printed is not what is bound now.");
    expect_that(is_taken(port), text("%s to be taken", where), "it can be bound by others");

    tried("wrote three lines to bindto's standard input");
    suspect("Only the end of file ends it: read() returns 0 then. Other input is to be ignored.");
    feed(program, BYTES("\n")); /* a line of one byte, alone */
    wait_until_idle(program);
    expect_running(program);
    feed(program, BYTES("\0two\nthree\n"));
    wait_until_idle(program);
    expect_running(program);
    expect_that(is_taken(port), text("%s to be taken still", where), "it is free");
    tried("wrote 10,000 bytes to it at once");
    suspect("read() may store as many bytes as it was told: no more than the buffer's size.");
    feed(program, noise(10000));
    wait_until_idle(program);
    expect_running(program);

    tried("ended its standard input");
    suspect("read() returns 0 at the end of file: leave the loop, exit with 0.");
    end_input(program);
    expect_exit(program, 0);
    expect_no_more_output(program);
    expect_that(!is_taken(port), "the port to be free again", "it is taken");

    tried("let bindto's first two read() be interrupted by a signal");
    suspect("read() fails with EINTR when a signal comes, and the next one may as well: that is no "
            "end of file. Read again, in a loop.");
    program = launch(.program = "bindto", .args = {"127.0.0.1", "0"}, .weather = "read 1-2 EINTR");
    bound_to(program);
    wait_until_idle(program);
    expect_running(program);
    end_input(program);
    expect_exit(program, 0);
}

/* Leaves a connection of this port in TIME_WAIT, which rests with the side that closes first. */
static void leave_time_wait(const char *where)
{
    struct peer *door = open_door_at(where, 1, 0); /* sets SO_REUSEADDR, as the rule demands */
    struct peer *client = join(where);
    struct peer *server = let_in(door);
    hang_up(door);
    hang_up(server);
    expect_end_of_file(client);
    hang_up(client);
}

STEP(6, "a port that only has connections in TIME_WAIT can be bound at once", .points = 15,
     .after = 5, .see = "Step 6: at once, again",
     .hints = {"Why does a server that is restarted say \"Address already in use\" for a minute?",
               "setsockopt() at level SOL_SOCKET with the option SO_REUSEADDR and the int 1, "
               "before bind(). See socket(7).",
               "const int on = 1; its address and its size go to setsockopt(); and go to `failed` "
               "if that fails."},
     .by_hand = "build/labs/02-bind/bindto 127.0.0.1 4000    # after the two nc of this section")
{
    for (int i = 0; i < host_count(); i++) {
        const char *where = address(hosts[i], free_port());
        leave_time_wait(where);
        tried("ran bindto on %s, which has a connection in TIME_WAIT", where);
        struct program *reference = start_reference("bindto", hosts[i], port_text(port_of(where)));
        end_input(reference);
        if (exit_status(reference) != 0)
            cannot_judge("the reference cannot bind %s either", where);
        suspect("The port's old connections rest for a minute (TIME_WAIT). Set SO_REUSEADDR, and "
                "set it before bind().");
        struct program *program = start("bindto", hosts[i], port_text(port_of(where)));
        expect_line(program, "bound to %s", where);
    }
}

STORY("a port is asked for, held, refused and given back")
{
    const char *port = port_text(free_port());
    tried("bound a socket to a port that is free");
    struct program *first = start("bindto", "127.0.0.1", port);
    bound_to(first);
    wait_until_idle(first);
    tried("ended its standard input: the port is free again");
    end_input(first);
    expect_exit(first, 0);
    tried("asked for the very same port");
    struct program *second = start("bindto", "127.0.0.1", port);
    end_input(second);
    expect_exit(second, 0);
    tried("asked for a port on which somebody else listens");
    struct peer *door = open_door("127.0.0.1", 1, 0);
    expect_exit(start("bindto", "127.0.0.1", port_text(port_of(local_address(door)))), 1);
}
