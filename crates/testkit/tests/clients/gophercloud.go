// SPDX-License-Identifier: Apache-2.0

// What Terraform's provider and the cluster autoscaler do with Magnum, through the library that both are built on.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/certificates"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clusters"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clustertemplates"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/nodegroups"
)

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func want(what string, ok bool, seen interface{}) {
	if !ok {
		fmt.Fprintf(os.Stderr, "%s: %+v\n", what, seen)
		os.Exit(1)
	}
}

// until waits for a status as the autoscaler does: it looks again and again, and a failure ends the wait.
func until(client *gophercloud.ServiceClient, id string, status string) *clusters.Cluster {
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		cluster, err := clusters.Get(client, id).Extract()
		check("looking at the cluster", err)
		if cluster.Status == status {
			return cluster
		}
		want("the change failed", cluster.Status[len(cluster.Status)-6:] != "FAILED", cluster)
	}
	want("the change has not ended", false, status)
	return nil
}

func main() {
	provider := &gophercloud.ProviderClient{TokenID: os.Args[2]}
	client := &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: os.Args[1] + "/v1/", Type: "container-infra", Microversion: "1.9"}
	one, two := 1, 2

	template, err := clustertemplates.Create(client, clustertemplates.CreateOpts{
		Name: "go", COE: "swarm", ImageID: "debian-12", ExternalNetworkID: "public", FlavorID: "m1.small",
		Labels: map[string]string{"a": "1"},
	}).Extract()
	check("creating a template", err)
	_, err = clustertemplates.Update(client, template.UUID, []clustertemplates.UpdateOptsBuilder{
		clustertemplates.UpdateOpts{Op: clustertemplates.ReplaceOp, Path: "/labels", Value: "{'a': '2'}"},
	}).Extract()
	check("updating the template", err)
	seen, err := clustertemplates.Get(client, template.UUID).Extract()
	check("looking at the template", err)
	want("the template's label", seen.Labels["a"] == "2" && seen.COE == "swarm", seen)

	id, err := clusters.Create(client, clusters.CreateOpts{
		Name: "go", ClusterTemplateID: template.UUID, NodeCount: &one, MasterCount: &one,
	}).Extract()
	check("creating a cluster", err)
	cluster := until(client, id, "CREATE_COMPLETE")
	want("the cluster", cluster.NodeCount == 1 && cluster.Labels["a"] == "2" && cluster.APIAddress != "", cluster)
	pages, err := clusters.ListDetail(client, clusters.ListOpts{Limit: 1}).AllPages()
	check("listing clusters", err)
	all, err := clusters.ExtractClusters(pages)
	check("reading clusters", err)
	want("one cluster", len(all) == 1 && all[0].UUID == id, all)
	ca, err := certificates.Get(client, id).Extract()
	check("the certificate", err)
	want("a certificate", len(ca.PEM) > 100, ca)

	// The autoscaler: it finds the group, resizes it, and names nodes to be removed.
	group, err := nodegroups.Get(client, id, "default-worker").Extract()
	check("the group", err)
	_, err = nodegroups.Update(client, id, group.UUID, []nodegroups.UpdateOptsBuilder{
		nodegroups.UpdateOpts{Op: nodegroups.ReplaceOp, Path: "/max_node_count", Value: 3},
	}).Extract()
	check("the group's bounds", err)
	until(client, id, "UPDATE_COMPLETE")
	_, err = clusters.Resize(client, id, clusters.ResizeOpts{NodeCount: &two, NodeGroup: group.UUID}).Extract()
	check("growing", err)
	cluster = until(client, id, "UPDATE_COMPLETE")
	want("two workers", cluster.NodeCount == 2 && len(cluster.NodeAddresses) == 2, cluster)
	_, err = clusters.Resize(client, id, clusters.ResizeOpts{
		NodeCount: &one, NodeGroup: group.UUID, NodesToRemove: []string{"0"},
	}).Extract()
	check("shrinking", err)
	left := cluster.NodeAddresses[1]
	cluster = until(client, id, "UPDATE_COMPLETE")
	want("the named node went", len(cluster.NodeAddresses) == 1 && cluster.NodeAddresses[0] == left, cluster)

	extra, err := nodegroups.Create(client, id, nodegroups.CreateOpts{Name: "extra", NodeCount: &one, Role: "extra"}).Extract()
	check("another group", err)
	until(client, id, "UPDATE_COMPLETE")
	check("removing it", nodegroups.Delete(client, id, extra.UUID).ExtractErr())
	until(client, id, "UPDATE_COMPLETE")

	check("deleting the cluster", clusters.Delete(client, id).ExtractErr())
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		_, err := clusters.Get(client, id).Extract()
		if _, gone := err.(gophercloud.ErrDefault404); gone {
			break
		}
		check("looking at the cluster", err)
		want("the cluster is gone", time.Now().Before(end), id)
	}
	check("deleting the template", clustertemplates.Delete(client, template.UUID).ExtractErr())
	fmt.Println("gophercloud ok")
}
