package cluster

import (
	"context"
	"sync"
)

// group runs work at the same time and stops all of it at the first error.
type group struct {
	ctx    context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup
	once   sync.Once
	err    error
}

func newGroup(ctx context.Context) *group {
	ctx, cancel := context.WithCancel(ctx)
	return &group{ctx: ctx, cancel: cancel}
}

func (g *group) Go(work func(context.Context) error) {
	g.wait.Go(func() {
		if err := work(g.ctx); err != nil {
			g.once.Do(func() {
				g.err = err
				g.cancel()
			})
		}
	})
}

// Wait waits for all work and gives the first error.
func (g *group) Wait() error {
	g.wait.Wait()
	g.cancel()
	return g.err
}
