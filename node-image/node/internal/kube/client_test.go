package kube

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func client(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &Client{server: server.URL, http: server.Client()}
}

func named(want string) func(json.RawMessage) (bool, error) {
	return func(raw json.RawMessage) (bool, error) {
		var object struct{ Name string }
		err := json.Unmarshal(raw, &object)
		return object.Name == want, err
	}
}

func TestWatchGoesOnWhenTheServerEndsIt(t *testing.T) {
	var calls atomic.Int64
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") != "1" || r.URL.Query().Get("fieldSelector") != "metadata.name=n" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		switch calls.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2: // ends in the middle of an object
			_, _ = w.Write([]byte(`{"type":"ADDED","object":{"name":"a"}}` + "\n" + `{"type":"MOD`))
		case 3: // a deleted object is not the one that is awaited
			_, _ = w.Write([]byte(`{"type":"DELETED","object":{"name":"b"}}` + "\n"))
		default:
			_, _ = w.Write([]byte(`{"type":"BOOKMARK","object":{}}` + "\n" + `{"type":"MODIFIED","object":{"name":"b"}}` + "\n"))
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.WatchUntil(ctx, "/things", "metadata.name=n", named("b")); err != nil {
		t.Fatal(err)
	}
	if calls.Load() != 4 {
		t.Errorf("%d watches", calls.Load())
	}
}

func TestWatchEndsWhenItIsRefused(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"nodes is forbidden"}`))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := c.WatchUntil(ctx, "/things", "", named("b"))
	if !HasCode(err, http.StatusForbidden) || err.Error() != "GET /things?timeoutSeconds=300&watch=1: 403 nodes is forbidden" {
		t.Errorf("error %v", err)
	}
}

func TestWatchWaitsForAServerThatIsNotThereYet(t *testing.T) {
	c := &Client{server: "http://127.0.0.1:1", http: http.DefaultClient}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := c.WatchUntil(ctx, "/things", "", named("b")); ctx.Err() == nil || err == nil {
		t.Errorf("gave up early: %v", err)
	}
}

func TestPathOf(t *testing.T) {
	for _, c := range []struct {
		kind, version, namespace, want string
	}{
		{"ConfigMap", "v1", "n", "/api/v1/namespaces/n/configmaps"},
		{"DaemonSet", "apps/v1", "n", "/apis/apps/v1/namespaces/n/daemonsets"},
		{"StorageClass", "storage.k8s.io/v1", "", "/apis/storage.k8s.io/v1/storageclasses"},
		{"ConfigMap", "v1", "", ""},
		{"Surprise", "v1", "n", ""},
	} {
		object := map[string]any{"kind": c.kind, "apiVersion": c.version, "metadata": map[string]any{"name": "x", "namespace": c.namespace}}
		collection, _, err := pathOf(object)
		if collection != c.want || (err == nil) == (c.want == "") {
			t.Errorf("%s: %q, error %v", c.kind, collection, err)
		}
	}
}
