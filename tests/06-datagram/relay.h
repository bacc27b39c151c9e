/*
 * relay.h - a bad network between clients and a server: it loses, doubles, delays, reorders and
 * forges datagrams.
 *
 * Clients ask the relay's front; it hands their queries to the server from its back, and the
 * answers to the client whose query had that ID. What befalls a datagram is drawn from a deck of
 * cards that a seed has shuffled: so each kind of weather comes, and never only bad luck.
 */
#ifndef LAB_06_RELAY_H
#define LAB_06_RELAY_H

#include "answers.h"

enum weather {
    PASSES,
    IS_LOST,
    COMES_TWICE,
    COMES_LATE,  /* after the next one in its direction, or never */
    IS_FORETOLD, /* before an answer: the one before it, and one with another ID */
    IS_FORGED,   /* before an answer: another text under the right ID, from another port */
};

enum { DECK = 12, MOST_CLIENTS = 64 };

static const enum weather deck_of_cards[DECK] = {
    PASSES,      PASSES,     PASSES,     IS_LOST,     IS_LOST,   IS_LOST,
    COMES_TWICE, COMES_LATE, COMES_LATE, IS_FORETOLD, IS_FORGED, IS_FORGED,
};

struct way { /* one direction */
    enum weather deck[DECK];
    int next;             /* card of the deck */
    struct bytes delayed; /* a datagram that comes late, ... */
    const char *to;       /* ... NULL: none */
};

struct relay {
    struct peer *front, *back, *forger;
    const char *server;
    struct way forth, home;
    unsigned random;
    struct bytes last; /* answer that came by */
    struct client {
        struct bytes id;
        const char *at;
    } clients[MOST_CLIENTS];
    int client_count;
};

static unsigned next_random(struct relay *relay)
{
    relay->random = relay->random * 1103515245u + 12345u;
    return relay->random >> 16 & 0x7fff;
}

static void shuffle(struct relay *relay, struct way *way)
{
    memcpy(way->deck, deck_of_cards, sizeof way->deck);
    for (unsigned i = DECK - 1; i > 0; i--) {
        unsigned other = next_random(relay) % (i + 1);
        enum weather card = way->deck[i];
        way->deck[i] = way->deck[other];
        way->deck[other] = card;
    }
    way->next = 0;
}

static struct relay *make_relay(const char *server, unsigned seed)
{
    struct relay *relay = step_memory(sizeof *relay);
    *relay = (struct relay){.server = server, .random = seed};
    relay->front = datagram_peer("127.0.0.1");
    relay->back = datagram_peer(host_of(server));
    relay->forger = datagram_peer("127.0.0.1");
    shuffle(relay, &relay->forth);
    shuffle(relay, &relay->home);
    return relay;
}

/* The digits at the start, and whose they are; NULL if nobody's. */
static struct client *client_of(struct relay *relay, struct bytes datagram)
{
    struct bytes id = {datagram.at, 0};
    while (id.length < datagram.length && id.at[id.length] >= '0' && id.at[id.length] <= '9')
        id.length++;
    for (int i = 0; i < relay->client_count; i++)
        if (same(relay->clients[i].id, id))
            return &relay->clients[i];
    if (relay->client_count == MOST_CLIENTS)
        return NULL;
    relay->clients[relay->client_count] = (struct client){.id = id};
    return &relay->clients[relay->client_count++];
}

/* Sends a datagram on, or not, or twice, as the next card says. */
static void carry(struct relay *relay, struct way *way, struct peer *from, const char *to,
                  struct bytes datagram)
{
    if (way->next == DECK)
        shuffle(relay, way);
    enum weather weather = way->deck[way->next++];
    if (way == &relay->home && weather == IS_FORETOLD) {
        if (relay->last.at && client_of(relay, relay->last) != client_of(relay, datagram))
            say_to(from, to, relay->last);
        say_to(from, to, both(bytes_of("0"), datagram));
    }
    if (way == &relay->home && weather == IS_FORGED)
        say_to(relay->forger, to, both(client_of(relay, datagram)->id, BYTES(" a forged answer")));

    struct bytes delayed = way->delayed;
    const char *delayed_to = way->to;
    way->to = NULL;
    if (weather == COMES_LATE) {
        way->delayed = datagram;
        way->to = to;
    } else if (weather != IS_LOST) {
        say_to(from, to, datagram);
    }
    if (weather == COMES_TWICE)
        say_to(from, to, datagram);
    if (delayed_to)
        say_to(from, delayed_to, delayed);
}

/* Carries all that waits at the relay. */
static void carry_all(struct relay *relay)
{
    while (has_something_to_say(relay->front)) {
        const char *from;
        struct bytes query = hear_datagram(relay->front, &from);
        struct client *client = client_of(relay, query);
        if (client)
            client->at = from;
        carry(relay, &relay->forth, relay->back, relay->server, query);
    }
    while (has_something_to_say(relay->back)) {
        struct bytes reply = hear_datagram(relay->back, NULL);
        struct client *client = client_of(relay, reply);
        if (client && client->at)
            carry(relay, &relay->home, relay->front, client->at, reply);
        relay->last = reply;
    }
}

struct journey { /* clients that ask through the relay, until all have ended */
    struct relay *relay;
    struct program *asks[4];
    int count;
};

static bool all_have_ended(void *context)
{
    struct journey *journey = context;
    carry_all(journey->relay);
    for (int i = 0; i < journey->count; i++)
        if (!ended_by_now(journey->asks[i]))
            return false;
    return true;
}

/* Lets clients of this build ask through the bad network, three at a time; each must print the
 * answer to its own question. */
static void ask_through_bad_network(enum build build, const char *server, unsigned seed)
{
    enum { TRIES = 100, TIMEOUT_MS = 30 };
    struct journey journey = {.relay = make_relay(server, seed), .count = 3};
    const char *where = local_address(journey.relay->front);
    for (int i = 0; i < journey.count; i++)
        journey.asks[i] =
            run_ask(build, where, TRIES, TIMEOUT_MS, "echo", text("question %u.%d", seed, i));
    wait_until(all_have_ended, &journey, "an answer to each question");
    for (int i = 0; i < journey.count; i++)
        expect_printed(journey.asks[i], bytes_of(text("question %u.%d", seed, i)));
}

#endif
