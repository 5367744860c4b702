/** Each test file has a Redis database of its own, so that files beside each other neither share counters nor flush them. */
export function redisUrl(database: number): string {
  const url = process.env.TEST_REDIS_URL
  if (!url) throw new Error('Run tests with `npm test -- <file>`: it starts PostgreSQL and Redis.')
  return `${url.replace(/\/$/, '')}/${database}`
}
