package link

import (
	"bufio"
	"bytes"
	"net/http"
)

// maxHead bounds a request's head; servers take far less.
const maxHead = 64 << 10

// heads finds the requests in what a client sends on one connection, keep-alive
// included: a head up to the empty line, then as many bytes of body as it says
// (RFC 9112, 2 and 6). After a chunked body or a head it cannot read it gives up on
// the connection, and says so once.
type heads struct {
	found func(*http.Request) // without a body
	lost  func()

	head  []byte // of the request that is coming in
	body  int64  // bytes still to pass
	blind bool
}

// see takes the next bytes, in any cut.
func (h *heads) see(p []byte) {
	for len(p) > 0 && !h.blind {
		if h.body > 0 {
			n := min(h.body, int64(len(p)))
			h.body -= n
			p = p[n:]
			continue
		}
		before := len(h.head)
		h.head = append(h.head, p[:min(len(p), maxHead-before)]...)
		// The end may lie across the cut.
		from := max(0, before-3)
		i := bytes.Index(h.head[from:], []byte("\r\n\r\n"))
		if i < 0 {
			if len(h.head) >= maxHead {
				h.giveUp()
			}
			return
		}
		end := from + i + 4
		p = p[end-before:]
		h.take(h.head[:end])
		h.head = h.head[:0]
	}
}

func (h *heads) take(head []byte) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		h.giveUp()
		return
	}
	h.found(r)
	if h.body = r.ContentLength; h.body < 0 {
		h.giveUp()
	}
}

func (h *heads) giveUp() {
	h.head, h.body, h.blind = nil, 0, true
	h.lost()
}
