package tag

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestLegacyGuesses holds that Russian and Japanese are known, and nothing is taken
// for them that is not.
func TestLegacyGuesses(t *testing.T) {
	known := map[encoding.Encoding][]string{
		charmap.Windows1251: {
			"Группа крови", "Звезда по имени Солнце", "Наутилус Помпилиус", "Подмосковные вечера", "Аквариум - Город золотого огня", "Ёлка и Медведь",
			"Земфира (feat. Guest)", "Катюша", "«Пикник»", "Album Песни 2",
		},
		charmap.KOI8R:     {"Группа крови", "Звезда по имени Солнце", "Наутилус Помпилиус", "Наутилус"},
		japanese.ShiftJIS: {"さくら", "ひこうき雲", "上を向いて歩こう", "スピッツ", "となりのトトロ", "Love ラブ & ピース", "千と千尋の神隠し いのちの名前"},
	}
	for enc, texts := range known {
		for _, text := range texts {
			b, err := enc.NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if got := legacy(b, nil); got != text {
				t.Errorf("%q in %v is read as %q", text, enc, got)
			}
		}
	}
	cut, _ := japanese.ShiftJIS.NewEncoder().Bytes([]byte("さくらさくら"))
	if got, want := legacy(cut[:len(cut)-1], nil), "さくらさく"; got != want {
		t.Errorf("cut in a character it is read as %q, want %q", got, want)
	}
	others := map[encoding.Encoding][]string{
		charmap.Windows1252: {
			"Sigur Rós - Ágætis byrjun", "Für Élise", "À la claire fontaine", "ÄÖÜ", "äöüß", "Æ", "Motörhead", "Ænima", "Çà et là", "São Paulo", "ÅÄÖ åäö", "Où est-ce?", "ÉÈÊË", "Ýmir", "¿Qué?",
			"Café del Mar", "Ñu", "Øå", "“Heroes”", "Björk: Jóga", "1½ Señor", "ƒƒ", "Ðð Þþ",
		},
		charmap.Windows1250:       {"Dvořák", "Łąka", "Škoda Ženě", "Ćwierć źrebię", "Őrült Űr"},
		charmap.Windows1253:       {"Ελλάδα", "Τραγούδι", "Μίκης Θεοδωράκης", "Άξιον Εστί", "Χατζιδάκις", "Το τραίνο φεύγει στις οκτώ", "Ζορμπάς", "ΕΛΛΑΔΑ", "Η αγάπη"},
		charmap.Windows1255:       {"שלום עליכם", "הבה נגילה", "ירושלים של זהב"},
		charmap.Windows1256:       {"أم كلثوم", "فيروز", "انت عمري"},
		charmap.Windows1254:       {"İstanbul Şarkısı", "Tarkan - Şımarık", "Göğüs"},
		charmap.Windows874:        {"เพลงไทย", "คาราบาว", "รักเธอ"},
		charmap.KOI8R:             {"Кино", "ПЕСНЯ", "земфира"},
		charmap.CodePage866:       {"Группа крови", "Звезда", "ПЕСНЯ О СОЛНЦЕ"},
		simplifiedchinese.GBK:     {"月亮代表我的心", "邓丽君", "茉莉花", "青藏高原", "王菲", "红豆", "爱", "你好 世界", "老鼠爱大米", "隐形的翅膀", "周杰伦 东风破"},
		traditionalchinese.Big5:   {"月亮代表我的心", "鄧麗君", "張學友", "吻別", "愛", "你好 世界"},
		korean.EUCKR:              {"서태지와 아이들", "아리랑", "강남스타일", "나", "소녀시대", "봄날"},
		japanese.EUCJP:            {"さくら", "坂本龍一", "音楽図鑑", "スピッツ"},
		charmap.ISO8859_5:         {"Звезда по имени Солнце"},
		charmap.MacintoshCyrillic: {"Звезда по имени Солнце"},
	}
	for enc, texts := range others {
		for _, text := range texts {
			b, err := enc.NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			want, _ := charmap.Windows1252.NewDecoder().Bytes(b)
			if got := legacy(b, nil); got != string(want) && got != string(b) {
				t.Errorf("%q in %v is taken for %q", text, enc, got)
			}
		}
	}
}

// TestLegacyTogether holds that texts of one file are decided about together: one that
// is sure speaks for the others, but not for what it cannot be.
func TestLegacyTogether(t *testing.T) {
	for _, c := range []struct {
		in    encoding.Encoding
		texts []string
		other string // in Latin-1
	}{
		{charmap.Windows1251, []string{"Аквариум", "Десять стрел", "Город золотой", "ДДТ", "Дождь", "Ї", "ЭЙ"}, "Motörhead"},
		{charmap.KOI8R, []string{"Наутилус Помпилиус", "Крылья", "ДДТ", "Кино"}, "Für Élise"},
		{japanese.ShiftJIS, []string{"スピッツ", "東京", "空の飛び方"}, "Sigur Rós"},
	} {
		var all [][]byte
		for _, text := range c.texts {
			b, err := c.in.NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b)
		}
		other, _ := charmap.ISO8859_1.NewEncoder().Bytes([]byte(c.other))
		for i, b := range slices.Concat(all, [][]byte{other}) {
			want := append(slices.Clone(c.texts), c.other)[i]
			if got := legacy(b, append(slices.Clone(all), other)); got != want {
				t.Errorf("%q in %v is read as %q beside the others", want, c.in, got)
			}
		}
	}
}

// TestUndouble holds that UTF-8 that was made UTF-8 once more is read as it was, and
// nothing else is.
func TestUndouble(t *testing.T) {
	for _, text := range []string{"Гражданская Оборона", "Всё идёт по плану", "Sigur Rós – Ágætis byrjun", "くるり", "“Ünïcode”", "Björk à là"} {
		latin := make([]rune, 0, len(text))
		for _, b := range []byte(text) {
			latin = append(latin, rune(b))
		}
		windows, _ := charmap.Windows1252.NewDecoder().String(text)
		for _, twice := range []string{string(latin), windows} {
			if got := undouble(twice); got != text && !strings.ContainsRune(twice, utf8.RuneError) {
				t.Errorf("%q is read as %q", twice, got)
			}
		}
	}
	for _, text := range []string{"", "plain", "Motörhead", "Sigur Rós – Ágætis byrjun", "Ã la carte", "ÄÖÜ äöü", "Гражданская", "Ð", "Â°", "ÉÈÊË", "¡Olé! ¿Qué?", "Mötley Crüe®", "Ã© then 夜"} {
		if got := undouble(text); got != text {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}
