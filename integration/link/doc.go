// Package link is a slow link on one machine: a TCP proxy on the loopback address
// that delays what passes, limits its rate, and counts it.
//
// It knows bytes, and of HTTP only where a request begins. It must never know the
// product or the protocol above HTTP.
//
// Bytes wait half a round trip in each direction, in a line as long as it must be: a
// delay takes nothing from the rate. A new connection waits one round trip more
// before its first byte, which is what a TCP handshake costs. The rate is one token
// bucket per direction that all connections share, as they share a cable. What it
// does not imitate: loss, slow start, and the handshake of TLS.
package link
