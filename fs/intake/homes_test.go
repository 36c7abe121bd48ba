package intake

import "testing"

// TestHomesUnderALayout: the year that a layout puts behind an album's name is no part of it.
func TestHomesUnderALayout(t *testing.T) {
	h := homes{}
	for _, dir := range []string{"Rips/Burial - Untrue/FLAC", "Rips/Burial - Untrue/MP3"} {
		h.notice(dir, "Burial/Untrue (2007)/01 Untitled.mp3")
	}
	if to, ok := h.of("Rips/Burial - Untrue"); !ok || to != "Burial/Untrue (2007)" {
		t.Errorf("the cover goes to %q, %t", to, ok)
	}
	for name, want := range map[string]string{"A (2007)": "A", "A (1995-05-22) (2)": "A (1995-05-22)", "A (Live)": "A (Live)", "(2007)": "(2007)", "A": "A"} {
		if got := undated(name); got != want {
			t.Errorf("undated(%q) = %q, want %q", name, got, want)
		}
	}
}
