package cluster

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"apple-k8s.dev/node/internal/kube"
)

// apiServer is a stand-in whose answers the test decides.
func apiServer(t *testing.T, handler http.HandlerFunc) *kube.Client {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	// Any pair will do as the client's: the stand-in does not ask for one.
	pair := testPair(t)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := `current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "` + server.URL + `", certificate-authority-data: "` + base64.StdEncoding.EncodeToString(certificate) + `"}}]
users: [{name: u, user: {client-certificate: "` + pair + `", client-key: "` + pair + `"}}]
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := kube.FromKubeconfig(path)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestWhatAStartingServerRefusesIsTriedAgainWhenItIsReady(t *testing.T) {
	var asked, created atomic.Int64
	client := apiServer(t, func(w http.ResponseWriter, r *http.Request) {
		ready := asked.Load() >= 3
		switch {
		case r.URL.Path == "/readyz":
			if asked.Add(1) < 3 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		case r.Method == http.MethodPost && ready:
			created.Add(1)
			w.WriteHeader(http.StatusCreated)
		default:
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	service := object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "s", "namespace": "n"}}
	if err := ensure(ctx, client, service); err != nil {
		t.Fatal(err)
	}
	if created.Load() != 1 {
		t.Errorf("created %d times", created.Load())
	}
}

func TestWhatAReadyServerRefusesIsAnError(t *testing.T) {
	client := apiServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte(`{"message":"no such field"}`))
		}
	})
	service := object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "s", "namespace": "n"}}
	if err := ensure(t.Context(), client, service); !kube.HasCode(err, http.StatusUnprocessableEntity) {
		t.Errorf("error %v", err)
	}
}

func TestWhatExistsIsApplied(t *testing.T) {
	// 422 is what a Service gets whose address is taken, by itself.
	for _, refusal := range []int{http.StatusConflict, http.StatusUnprocessableEntity} {
		var applied atomic.Bool
		client := apiServer(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.Method {
			case http.MethodPost:
				w.WriteHeader(refusal)
			case http.MethodPatch:
				applied.Store(r.URL.Path == "/apis/apps/v1/namespaces/n/daemonsets/d" &&
					r.URL.Query().Get("force") == "true" && r.Header.Get("Content-Type") == "application/apply-patch+yaml")
			}
		})
		daemonSet := object{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": object{"name": "d", "namespace": "n"}}
		if err := ensure(t.Context(), client, daemonSet); err != nil || !applied.Load() {
			t.Errorf("%d: applied %t, error %v", refusal, applied.Load(), err)
		}
	}
}
