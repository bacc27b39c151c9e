/*
 * gate.c - lets a program make processes and threads, or refuses it (see gate.h). Linux only.
 */
#include "gate.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number of the call decides. That another instruction set of this machine numbers its calls
 * differently does no harm: what is stopped by mistake is let through. */
#define STOP(number)                                                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                           \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)

int gate_put_up(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        STOP(SYS_kill),
        STOP(SYS_clone),
#ifdef SYS_clone3
        STOP(SYS_clone3),
#endif
#ifdef SYS_fork
        STOP(SYS_fork),
        STOP(SYS_vfork),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

bool gate_serve(int gate, bool refuses)
{
    struct seccomp_notif call;
    struct seccomp_notif_resp answer;
    memset(&call, 0, sizeof call);
    memset(&answer, 0, sizeof answer);
    if (ioctl(gate, SECCOMP_IOCTL_NOTIF_RECV, &call) == -1)
        return false; /* a signal ended the call, or the program has gone */
    bool kills = call.data.nr == SYS_kill, kills_all = kills && (pid_t)call.data.args[0] == -1;
    answer.id = call.id;
    if (kills_all)
        answer.error = -EPERM;
    else if (refuses && !kills)
        answer.error = -EAGAIN;
    else
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(gate, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    return kills_all;
}

bool gate_has_calls(int gate)
{
    struct pollfd calls = {.fd = gate, .events = POLLIN};
    return gate != -1 && poll(&calls, 1, 0) == 1 && (calls.revents & POLLIN);
}
