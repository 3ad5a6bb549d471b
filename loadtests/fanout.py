class Plan: pass
async def run(i,p): pass
