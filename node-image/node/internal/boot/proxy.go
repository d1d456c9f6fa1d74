package boot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"apple-k8s.dev/node/internal/contract"
)

// passProxy hands the container's proxy settings to systemd's units, which do
// not inherit them. What stays inside the cluster must not go to a proxy.
func passProxy(directory string, state *contract.State) error {
	settings := proxySettings(os.Getenv, state)
	if settings == "" {
		return nil
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	// 0600: a proxy's address can hold a password.
	return os.WriteFile(filepath.Join(directory, "10-proxy.conf"), []byte(settings), 0o600)
}

var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"}

func proxySettings(getenv func(string) string, state *contract.State) string {
	var assignments []string
	for _, name := range proxyVariables {
		if value := getenv(name); value != "" {
			assignments = append(assignments, quoteUnit(name+"="+value))
		}
	}
	if len(assignments) == 0 {
		return ""
	}
	var network *contract.Network
	if state != nil {
		network = &state.Network
	}
	for _, name := range directVariables {
		assignments = append(assignments, quoteUnit(name+"="+direct(getenv(name), network)))
	}
	return "[Manager]\nDefaultEnvironment=" + strings.Join(assignments, " ") + "\n"
}

var directVariables = []string{"NO_PROXY", "no_proxy"}

// direct is what must not go to a proxy: what the user said, and the cluster.
func direct(said string, network *contract.Network) string {
	values := []string{"localhost", "127.0.0.1", ".svc", ".svc.cluster.local"}
	if network != nil {
		values = append(values, network.Prefixed().String(), network.PodSubnet.String(), network.ServiceSubnet.String())
	}
	if said != "" {
		values = append([]string{said}, values...)
	}
	return strings.Join(values, ",")
}

// KeepInside tells the programs that set a new cluster up, and its kubelet,
// that the cluster's own addresses are not behind the proxy: at the first boot
// they were not known yet.
func KeepInside(network *contract.Network) error {
	return keepInside(kubeletDefaults, network)
}

func keepInside(path string, network *contract.Network) error {
	proxied := false
	for _, name := range proxyVariables {
		proxied = proxied || os.Getenv(name) != ""
	}
	if !proxied {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := string(content)
	for _, name := range directVariables {
		value := direct(os.Getenv(name), network)
		if err := os.Setenv(name, value); err != nil {
			return err
		}
		text = setVariable(text, name, value)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// setVariable sets a variable of an environment file.
func setVariable(content, name, value string) string {
	var out strings.Builder
	for line := range strings.Lines(content) {
		if !strings.HasPrefix(strings.TrimSpace(line), name+"=") {
			out.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	return out.String() + name + "=\"" + value + "\"\n"
}

func quoteUnit(assignment string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "\n", " ")
	return `"` + escape.Replace(assignment) + `"`
}
