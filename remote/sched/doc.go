// Package sched is the one queue that all traffic with a store passes: it decides
// which request goes next, how many go at once, and who has to hold back.
//
// It knows requests, their class ([remote.Class], carried by a [remote.Ticket] in the
// context) and what the link was measured to carry. It must never know what an object
// means, nor any concrete store: it decorates a [remote.Store] and is one.
//
// # Order
//
// A request of a more urgent class goes first; within a class the one that came first
// does. A ticket may change while its request waits or while its bytes arrive. Lookups
// and writes that somebody waits for (Head, List, Delete, Put) pass at once: they are a packet or two,
// and the commits among them are what other devices wait for.
//
// # Depth
//
// Depth is how many bodies of one class, and of those before it, may be on their way
// together. Too few do not fill a link with a long round trip; with too many each is
// slow, and the one somebody waits for is as slow as all. So, while requests queue here,
// a greater depth is tried now and then and kept only if the link carried more with it;
// and as in TCP Vegas (Brakmo, Peterson 1995) a time to the first byte that has doubled
// says that bytes queue in the link, and makes the depth less.
//
// # Holding back
//
// What is behind never delays what is before it by more than a moment:
//
//   - A background request (anything after [remote.ReadAhead]) is cut into ranges of at
//     most a quarter second of what the link carries, each of which queues anew.
//   - A body that is being received pauses while a more urgent request waits or is on
//     its way, but for a trickle that keeps its connection alive. It is not cancelled:
//     in HTTP/1.1 that costs the connection.
//
// A body that goes out in the background, and is not small, makes way too: while a more
// urgent request waits or is on its way, all of them together send an eighth of what the
// link was measured to take. They take no room in the queue, because they share no
// direction with what it admits; but what they fill is the buffer of a modem that requests
// and acknowledgements have to pass.
package sched
