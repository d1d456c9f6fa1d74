package kube

import (
	"fmt"
	"net/url"
)

// resources are the kinds that a node creates: their plural, and whether they
// live in a namespace. Discovery would cost a request per API group.
var resources = map[string]struct {
	plural     string
	namespaced bool
}{
	"Namespace":          {"namespaces", false},
	"ServiceAccount":     {"serviceaccounts", true},
	"ConfigMap":          {"configmaps", true},
	"Secret":             {"secrets", true},
	"Service":            {"services", true},
	"Deployment":         {"deployments", true},
	"DaemonSet":          {"daemonsets", true},
	"ClusterRole":        {"clusterroles", false},
	"ClusterRoleBinding": {"clusterrolebindings", false},
	"Role":               {"roles", true},
	"RoleBinding":        {"rolebindings", true},
	"StorageClass":       {"storageclasses", false},
}

// pathOf gives the collection's path and the name of an object.
func pathOf(object map[string]any) (collection, name string, err error) {
	kind, _ := object["kind"].(string)
	version, _ := object["apiVersion"].(string)
	metadata, _ := object["metadata"].(map[string]any)
	name, _ = metadata["name"].(string)
	resource, known := resources[kind]
	if !known || version == "" || name == "" {
		return "", "", fmt.Errorf("object %q of kind %q in %q cannot be created", name, kind, version)
	}
	root := "/apis/" + version
	if version == "v1" {
		root = "/api/v1"
	}
	if !resource.namespaced {
		return root + "/" + resource.plural, name, nil
	}
	namespace, _ := metadata["namespace"].(string)
	if namespace == "" {
		return "", "", fmt.Errorf("object %q of kind %s names no namespace", name, kind)
	}
	return root + "/namespaces/" + url.PathEscape(namespace) + "/" + resource.plural, name, nil
}
