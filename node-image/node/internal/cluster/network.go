package cluster

import (
	"context"

	"apple-k8s.dev/node/internal/contract"
)

// Network takes the peers' underlay addresses after a start. The node knows
// all else from its saved state.
func Network(ctx context.Context, input *contract.Input, events *contract.Events) (string, error) {
	config, err := readConfig(ctx, input, contract.CommandNetwork)
	if err != nil {
		return "", err
	}
	if _, err := booted(ctx); err != nil {
		return "", err
	}
	return "", events.Run("network", func() error {
		state, err := contract.LoadState(contract.StateDir)
		if err != nil {
			return contract.Fail(contract.CodeInternal, err, "")
		}
		if state == nil {
			return contract.Failf(contract.CodeBadConfig, "this node was never set up: run init or join first")
		}
		if state.Cluster != config.Cluster || state.Node != config.Node {
			return contract.Failf(contract.CodeBadConfig, "this is node %s of cluster %s, not node %s of cluster %s",
				state.Node, state.Cluster, config.Node, config.Cluster)
		}
		if state.Network.Address != config.Network.Address {
			return contract.Failf(contract.CodeBadConfig, "this node's address is %s and cannot become %s",
				state.Network.Address, config.Network.Address)
		}
		state.Network = config.Network
		return setNetwork(state)
	})
}
