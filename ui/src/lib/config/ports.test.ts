import { expect, it } from "vitest";
import { withFreePort } from "./ports";

const text = `apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata:
  name: dev
spec:
  nodes:
  - role: control-plane
    extraPortMappings:
    - containerPort: 80
      hostPort: 8080 # the shop
    - containerPort: 81
      hostPort: 8081
`;

it("puts the next free port in the place of one that is taken", () => {
  const changed = withFreePort(text, "dev", "port 8080 of this machine is in use by httpd");
  expect(changed).toEqual({ port: "8082", text: text.replace("8080", "8082") });
});

it("leaves alone what it does not know", () => {
  expect(withFreePort(text, "dev", "port 9000 is in use")).toBeNull();
  expect(withFreePort(text, "other", "port 8080 is in use")).toBeNull();
  expect(withFreePort("a: [", "dev", "port 8080 is in use")).toBeNull();
  expect(withFreePort(text, "dev", "something is in use")).toBeNull();
});
