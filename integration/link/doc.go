// Package link is a slow and unreliable way to a server, on one machine: [Link] is a
// TCP proxy on the loopback address that delays what passes, limits its rate, and
// counts it; [Faults] is an HTTP proxy that fails on cue. They stand in a row: a client
// speaks to Faults, that to a Link, that to the server.
//
// Link knows bytes, and of HTTP only where a request begins; Faults knows HTTP. Both
// must never know the product or the protocol above HTTP: a test brings along what an
// S3 server would say.
//
// # Link
//
// Bytes wait half a round trip in each direction, in a line as long as it must be: a
// delay takes nothing from the rate. A new connection waits one round trip more
// before its first byte, which is what a TCP handshake costs. The rate is one token
// bucket per direction that all connections share, as they share a cable. What it
// does not imitate: loss, slow start, and the handshake of TLS.
//
// # Faults
//
// A fault names the requests it strikes and how many, and a deed: an answer cut off,
// stalled, shortened, lost, given another header, or replaced by another one; and the
// whole server can be down and come back. What no fault strikes passes as it is, with
// all that a signature covers.
package link
