-- Which leases of a pool have a place and no ready machine yet: read with every plan of a pool that has nodes.
CREATE INDEX CONCURRENTLY "leases_placing" ON "leases"("pool") WHERE (state = 'provisioning'::text);
