// Package address finds IPv4 addresses in text as whole words: 10.96.0.1 is
// not part of 10.96.0.10.
package address

import "strings"

// Contains tells whether text names the address.
func Contains(text, address string) bool {
	return Replace(text, address, "") != text
}

// Replace replaces every occurrence of former.
func Replace(text, former, now string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, former)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		whole := (before == "" || !part(before[len(before)-1])) && (after == "" || !digit(after[0]) && !continues(after))
		if whole {
			out.WriteString(now)
		} else {
			out.WriteString(former)
		}
		text = after
	}
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func part(b byte) bool { return digit(b) || b == '.' }

// continues tells whether the address goes on; a full stop alone ends a
// sentence.
func continues(after string) bool {
	return len(after) > 1 && after[0] == '.' && digit(after[1])
}
