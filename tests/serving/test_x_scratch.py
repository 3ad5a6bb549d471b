import asyncpg, redis.asyncio as r
async def test_a(database_url, superuser_url, redis_url, settings):
    c = await asyncpg.connect(database_url); print(database_url, await c.fetch("select tablename, tableowner from pg_tables where schemaname='public'")); await c.close()
    async with r.from_url(redis_url) as k: assert await k.dbsize()==0; await k.set("a",1)
async def test_b(database_url, redis_url):
    async with r.from_url(redis_url) as k: assert await k.dbsize()==0
def test_c(private_servers, empty_database_url): pass
