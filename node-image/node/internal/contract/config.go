// Package contract is what the engine and a node say to each other: one
// configuration line in, JSON events out. Both sides refuse what they do not
// know, so that a mismatch shows at once and not as a half-configured node.
package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strings"
)

// Roles a node can have.
const (
	RoleControlPlane = "control-plane"
	RoleWorker       = "worker"
)

// CNI choices. With CNINone the user brings a pod network.
const (
	CNIFlannel = "flannel"
	CNINone    = "none"
)

// ProxyNone means that the user brings a replacement of kube-proxy.
const ProxyNone = "none"

// Config is the first line of stdin of init, join and network.
type Config struct {
	Cluster                 string            `json:"cluster"`
	Node                    string            `json:"node"`
	Role                    string            `json:"role"`
	Network                 Network           `json:"network"`
	ControlPlane            string            `json:"controlPlane,omitempty"`
	CertSANs                []string          `json:"certSANs,omitempty"`
	KubeProxyMode           string            `json:"kubeProxyMode,omitempty"`
	CNI                     string            `json:"cni,omitempty"`
	Labels                  map[string]string `json:"labels,omitempty"`
	Taints                  []Taint           `json:"taints,omitempty"`
	RemoveControlPlaneTaint bool              `json:"removeControlPlaneTaint,omitempty"`
	BootstrapToken          string            `json:"bootstrapToken,omitempty"`
	KubeadmConfigPatches    []string          `json:"kubeadmConfigPatches,omitempty"`
	ContainerdConfigPatches []string          `json:"containerdConfigPatches,omitempty"`
}

// Network is the cluster's node network as this node sees it.
type Network struct {
	// Address is the stable node address; it never changes.
	Address netip.Addr `json:"address"`
	// Prefix is the length of the node network in bits.
	Prefix        int          `json:"prefix"`
	PodSubnet     netip.Prefix `json:"podSubnet"`
	ServiceSubnet netip.Prefix `json:"serviceSubnet"`
	Peers         []Peer       `json:"peers,omitempty"`
}

// Peer is another node of the cluster.
type Peer struct {
	Node string `json:"node"`
	// Address is the peer's stable node address.
	Address netip.Addr `json:"address"`
	// Underlay is the address that the container runtime gave the peer at its
	// last start; absent while the peer has not started.
	Underlay netip.Addr `json:"underlay,omitzero"`
}

// Taint is a taint the node registers with.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

// JoinMaterial is the second line of stdin of join.
type JoinMaterial struct {
	CACert         string `json:"caCert"`
	BootstrapToken string `json:"bootstrapToken"`
}

// Command says which checks a configuration must pass.
type Command string

// The commands that read a configuration.
const (
	CommandInit    Command = "init"
	CommandJoin    Command = "join"
	CommandNetwork Command = "network"
)

var (
	nameRule  = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	tokenRule = regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`)
)

// DecodeLine decodes one JSON line into v and refuses unknown fields and
// trailing data.
func DecodeLine(line []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value on the line")
	}
	return nil
}

// ParseConfig decodes and validates the configuration line for command.
func ParseConfig(line []byte, command Command) (*Config, error) {
	config := &Config{}
	if err := DecodeLine(line, config); err != nil {
		return nil, fmt.Errorf("node configuration: %w", err)
	}
	if config.CNI == "" {
		config.CNI = CNIFlannel
	}
	if config.KubeProxyMode == "" {
		config.KubeProxyMode = "nftables"
	}
	if err := config.validate(command); err != nil {
		return nil, fmt.Errorf("node configuration: %w", err)
	}
	return config, nil
}

func (c *Config) validate(command Command) error {
	if !nameRule.MatchString(c.Cluster) {
		return fmt.Errorf("cluster %q is not a valid name", c.Cluster)
	}
	if !nameRule.MatchString(c.Node) {
		return fmt.Errorf("node %q is not a valid name", c.Node)
	}
	if c.Role != RoleControlPlane && c.Role != RoleWorker {
		return fmt.Errorf("role %q is neither %s nor %s", c.Role, RoleControlPlane, RoleWorker)
	}
	if err := c.Network.validate(); err != nil {
		return err
	}
	switch command {
	case CommandInit:
		return c.validateInit()
	case CommandJoin:
		return c.validateJoin()
	default:
		return nil
	}
}

func (c *Config) validateInit() error {
	if c.Role != RoleControlPlane {
		return fmt.Errorf("init needs role %s, not %s", RoleControlPlane, c.Role)
	}
	// The message must not repeat the token: it is a secret.
	if !tokenRule.MatchString(c.BootstrapToken) {
		return errors.New("bootstrapToken must look like abcdef.0123456789abcdef")
	}
	if c.ControlPlane != "" && c.ControlPlane != c.Network.Address.String() {
		return fmt.Errorf("controlPlane %s is not this node's address %s", c.ControlPlane, c.Network.Address)
	}
	return c.validateChoices()
}

func (c *Config) validateJoin() error {
	if c.Role != RoleWorker {
		return fmt.Errorf("join needs role %s, not %s", RoleWorker, c.Role)
	}
	if _, err := netip.ParseAddr(c.ControlPlane); err != nil {
		return fmt.Errorf("controlPlane: %w", err)
	}
	return c.validateChoices()
}

func (c *Config) validateChoices() error {
	switch c.CNI {
	case CNIFlannel, CNINone:
	default:
		return fmt.Errorf("cni %q is neither %s nor %s", c.CNI, CNIFlannel, CNINone)
	}
	switch c.KubeProxyMode {
	case "nftables", "iptables", "ipvs", ProxyNone:
	default:
		return fmt.Errorf("kubeProxyMode %q is not one of nftables, iptables, ipvs, none", c.KubeProxyMode)
	}
	for key := range c.Labels {
		if !kubeletMaySet(key) {
			return fmt.Errorf("label %q: Kubernetes does not let a node give itself this label; set it with kubectl after the cluster runs", key)
		}
	}
	for _, taint := range c.Taints {
		switch taint.Effect {
		case "NoSchedule", "PreferNoSchedule", "NoExecute":
		default:
			return fmt.Errorf("taint %q: effect %q is not one of NoSchedule, PreferNoSchedule, NoExecute", taint.Key, taint.Effect)
		}
		if taint.Key == "" {
			return errors.New("a taint has no key")
		}
	}
	return nil
}

func (n *Network) validate() error {
	if !n.Address.Is4() {
		return fmt.Errorf("network.address %q is not an IPv4 address", n.Address)
	}
	if n.Prefix < 8 || n.Prefix > 30 {
		return fmt.Errorf("network.prefix %d is not between 8 and 30", n.Prefix)
	}
	for field, subnet := range map[string]netip.Prefix{"podSubnet": n.PodSubnet, "serviceSubnet": n.ServiceSubnet} {
		if !subnet.IsValid() || !subnet.Addr().Is4() {
			return fmt.Errorf("network.%s %q is not an IPv4 subnet", field, subnet)
		}
		if subnet.Overlaps(n.Prefixed()) {
			return fmt.Errorf("network.%s %s overlaps the node network %s", field, subnet, n.Prefixed())
		}
	}
	if n.PodSubnet.Overlaps(n.ServiceSubnet) {
		return fmt.Errorf("network.podSubnet %s overlaps network.serviceSubnet %s", n.PodSubnet, n.ServiceSubnet)
	}
	seen := map[netip.Addr]string{n.Address: "this node"}
	for _, peer := range n.Peers {
		if !nameRule.MatchString(peer.Node) {
			return fmt.Errorf("peer %q is not a valid name", peer.Node)
		}
		if !peer.Address.Is4() || !n.Prefixed().Contains(peer.Address) {
			return fmt.Errorf("peer %s: address %q is not in the node network %s", peer.Node, peer.Address, n.Prefixed())
		}
		if other, taken := seen[peer.Address]; taken {
			return fmt.Errorf("peer %s: address %s belongs to %s", peer.Node, peer.Address, other)
		}
		seen[peer.Address] = peer.Node
		if peer.Underlay.IsValid() && !peer.Underlay.Is4() {
			return fmt.Errorf("peer %s: underlay %q is not an IPv4 address", peer.Node, peer.Underlay)
		}
	}
	return nil
}

// Prefixed is the node network, e.g. 172.30.0.0/24.
func (n *Network) Prefixed() netip.Prefix {
	return netip.PrefixFrom(n.Address, n.Prefix).Masked()
}

// APIService is the address of the Service `kubernetes`: the first one of the
// Service range.
func (n *Network) APIService() netip.Addr {
	return n.ServiceSubnet.Masked().Addr().Next()
}

// ParseJoinMaterial decodes and validates the second line of join.
func ParseJoinMaterial(line []byte) (*JoinMaterial, error) {
	material := &JoinMaterial{}
	if err := DecodeLine(line, material); err != nil {
		return nil, fmt.Errorf("join material: %w", err)
	}
	if !strings.Contains(material.CACert, "BEGIN CERTIFICATE") {
		return nil, errors.New("join material: caCert is not a PEM certificate")
	}
	if !tokenRule.MatchString(material.BootstrapToken) {
		return nil, errors.New("join material: bootstrapToken must look like abcdef.0123456789abcdef")
	}
	return material, nil
}

// kubeletMaySet tells whether the kubelet accepts the label on --node-labels:
// labels of kubernetes.io and k8s.io are reserved but for a short list
// (k8s.io/kubernetes, pkg/apis/core/v1/helper and cmd/kubelet/app/options).
func kubeletMaySet(key string) bool {
	domain, _, found := strings.Cut(key, "/")
	if !found {
		return true
	}
	reserved := func(suffix string) bool { return domain == suffix || strings.HasSuffix(domain, "."+suffix) }
	if !reserved("kubernetes.io") && !reserved("k8s.io") {
		return true
	}
	switch key {
	case "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os",
		"beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type",
		"failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
		"failure-domain.kubernetes.io/region", "failure-domain.kubernetes.io/zone",
		"topology.kubernetes.io/region", "topology.kubernetes.io/zone",
		"beta.kubernetes.io/arch", "beta.kubernetes.io/os":
		return true
	}
	return domain == "kubelet.kubernetes.io" || strings.HasSuffix(domain, ".kubelet.kubernetes.io") ||
		domain == "node.kubernetes.io" || strings.HasSuffix(domain, ".node.kubernetes.io")
}
