"""All workloads, by the name they have on the command line."""

from workloads import nested, orders, union, wide

WORKLOADS = {
    one.name: one for one in (*orders.WORKLOADS, wide.WORKLOAD, union.WORKLOAD, nested.WORKLOAD)
}
