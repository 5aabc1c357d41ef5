package broker

// splitLine splits a command typed by hand into arguments, with the quoting of
// Redis's sdssplitargs: "double" with \n \r \t \b \a \xHH escapes, 'single' with
// \' only. ok is false if a quote is not closed or something follows it directly.
func splitLine(line []byte) (args [][]byte, ok bool) {
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return args, true
		}
		arg := []byte{}
		for i < len(line) && !isSpace(line[i]) {
			c := line[i]
			if c != '"' && c != '\'' {
				arg = append(arg, c)
				i++
				continue
			}
			if arg, i, ok = quoted(arg, line, i+1, c); !ok {
				return nil, false
			}
			break
		}
		args = append(args, arg)
	}
}

// quoted appends to arg what stands from line[i] to the closing quote, and
// returns the position behind it.
func quoted(arg, line []byte, i int, quote byte) ([]byte, int, bool) {
	for ; i < len(line); i++ {
		c := line[i]
		if c == quote {
			i++
			return arg, i, i == len(line) || isSpace(line[i])
		}
		if c != '\\' || i+1 == len(line) {
			arg = append(arg, c)
			continue
		}
		next := line[i+1]
		switch {
		case quote == '\'' && next != '\'':
			arg = append(arg, c)
			continue
		case quote == '"' && next == 'x' && i+3 < len(line) && isHex(line[i+2]) && isHex(line[i+3]):
			arg = append(arg, unhex(line[i+2])<<4|unhex(line[i+3]))
			i += 3
			continue
		case quote == '"':
			next = unescape(next)
		}
		arg = append(arg, next)
		i++
	}
	return nil, i, false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' || c == 0 }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
