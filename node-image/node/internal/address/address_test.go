package address

import "testing"

func TestAddressIsAWholeWord(t *testing.T) {
	for text, want := range map[string]string{
		"10.96.0.1 . tcp . 443 : goto x": "X . tcp . 443 : goto x",
		"{ 10.96.0.10 . udp . 53 }":      "{ 10.96.0.10 . udp . 53 }",
		"{ 110.96.0.1 }":                 "{ 110.96.0.1 }",
		"{ 10.96.0.10, 10.96.0.1 }":      "{ 10.96.0.10, X }",
		"https://10.96.0.1:6443":         "https://X:6443",
		"10.96.0.1/32,10.96.0.1":         "X/32,X",
		"It is 10.96.0.1.":               "It is X.",
		"9.10.96.0.1 10.96.0.1.5":        "9.10.96.0.1 10.96.0.1.5",
		"":                               "",
	} {
		if got := Replace(text, "10.96.0.1", "X"); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
		if got := Contains(text, "10.96.0.1"); got != (want != text) {
			t.Errorf("%q: contains %t", text, got)
		}
	}
}
