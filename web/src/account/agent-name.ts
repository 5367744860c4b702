const BROWSERS = { Edg: 'Edge', OPR: 'Opera', Firefox: 'Firefox', Chrome: 'Chrome', Safari: 'Safari' }
/** The first that is found: what a browser says of its system names others as well. */
const SYSTEMS = {
  iPhone: 'iPhone',
  iPad: 'iPad',
  Android: 'Android',
  CrOS: 'ChromeOS',
  Windows: 'Windows',
  'Mac OS X': 'macOS',
  Linux: 'Linux',
}

/** What people call the browser and the system of a `User-Agent`; another program is called what it says. */
export function agentName(userAgent: string): string {
  const browser = Object.entries(BROWSERS).find(([token]) => userAgent.includes(`${token}/`))
  const system = Object.entries(SYSTEMS).find(([token]) => userAgent.includes(token))
  return browser && system ? `${browser[1]} on ${system[1]}` : userAgent
}
