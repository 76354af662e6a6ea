-- Which tasks of a pool have a place and an agent that has not spoken yet: read with every plan of a pool that has nodes.
CREATE INDEX CONCURRENTLY "tasks_placing" ON "tasks"("pool") WHERE (state = 'starting'::text);
