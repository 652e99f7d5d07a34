module chatcluster/test/cluster/go/pause

go 1.26.0
