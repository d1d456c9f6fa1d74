package contract

import (
	"bufio"
	"context"
	"errors"
	"io"
)

// maximumLine bounds a line of input in bytes; patches make lines long.
const maximumLine = 4 << 20

// Input hands out the lines of stdin.
type Input struct {
	lines chan []byte
	err   error
}

// NewInput reads lines from in until ctx ends.
func NewInput(ctx context.Context, in io.Reader) *Input {
	input := &Input{lines: make(chan []byte)}
	go func() {
		defer close(input.lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maximumLine)
		for scanner.Scan() {
			line := append([]byte(nil), scanner.Bytes()...)
			select {
			case input.lines <- line:
			case <-ctx.Done():
				return
			}
		}
		input.err = scanner.Err()
	}()
	return input
}

// Line waits for the next line. The end of the input before it means that the
// other side gave up.
func (i *Input) Line(ctx context.Context) ([]byte, error) {
	select {
	case line, open := <-i.lines:
		if open {
			return line, nil
		}
		if i.err != nil {
			return nil, Fail(CodeBadConfig, i.err, "")
		}
		return nil, Fail(CodeCancelled, errors.New("the input ended before the line that was expected: cancelled"), "")
	case <-ctx.Done():
		return nil, Fail(CodeCancelled, ctx.Err(), "")
	}
}
