package sched

import (
	"sync"
	"time"
)

const (
	// window is the shortest time over which a rate is taken.
	window = 250 * time.Millisecond
	// memory is how many windows the rate of the link is the best of: a window in which
	// readers were slow says little, so the best counts; a link that got slower is known
	// to be after so many.
	memory = 16
	// enough is how many bytes give a first idea of the link, before a window is full: on a
	// fast link, a window takes fifty small requests one after another.
	enough = 192 << 10
	// baseAge is how long the least time to a first byte is believed.
	baseAge = time.Minute
)

// meter measures the link: bytes a second while bodies are on their way, and the time
// from asking to the first byte.
type meter struct {
	now func() time.Time

	mu     sync.Mutex // guards all below; taken alone
	active int        // bodies being received
	since  time.Time  // when active became positive, or the window began
	busy   time.Duration
	bytes  int64
	guess  float64   // bytes a second, as long as there are no rates
	rates  []float64 // bytes a second of the last windows
	next   int

	base   time.Duration // the least time to a first byte
	baseAt time.Time
	first  time.Duration // sum in this window
	asked  int
}

// finding is what one window showed.
type finding struct {
	rate float64       // bytes a second
	mean time.Duration // to the first byte; 0: none was asked for
	base time.Duration // the least of the last minute
}

// begin notes that a body is being received.
func (m *meter) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.active == 0 {
		m.since = m.now()
	}
	m.active++
}

// end notes that one is not any more.
func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.active--
	if m.active == 0 {
		m.busy += m.now().Sub(m.since)
	}
}

// add counts bytes received, and gives what a window showed that they end. guessed tells
// that there is now a first idea of the rate.
func (m *meter) add(n int) (f finding, full, guessed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += int64(n)
	busy := m.busy
	now := m.now()
	if m.active > 0 {
		busy += now.Sub(m.since)
	}
	if busy < window {
		guessed = m.guess == 0 && len(m.rates) == 0 && m.bytes >= enough && busy > 0
		if guessed {
			m.guess = float64(m.bytes) / busy.Seconds()
		}
		return finding{}, false, guessed
	}
	f = finding{rate: float64(m.bytes) / busy.Seconds(), base: m.base}
	if m.asked > 0 {
		f.mean = m.first / time.Duration(m.asked)
	}
	if len(m.rates) < memory {
		m.rates = append(m.rates, f.rate)
	} else {
		m.rates[m.next%memory] = f.rate
	}
	m.next++
	m.bytes, m.busy, m.since, m.first, m.asked = 0, 0, now, 0, 0
	return f, true, false
}

// answered notes how long a request took to its first byte.
func (m *meter) answered(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.first += d
	m.asked++
	now := m.now()
	if d <= m.base || m.base == 0 || now.Sub(m.baseAt) > baseAge {
		m.base, m.baseAt = max(d, time.Nanosecond), now
	}
}

// rate is what the link carries, in bytes a second; 0 while nobody knows.
func (m *meter) rate() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.rates) == 0 {
		return m.guess
	}
	best := 0.0
	for _, r := range m.rates {
		best = max(best, r)
	}
	return best
}
