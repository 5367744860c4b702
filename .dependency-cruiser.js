const feature = '(?!platform|cli)[^/]+'
const rule = (name, from, to, comment) => ({ name, severity: 'error', from, to, comment })

/** main → cli → app, jobs → console, classic → history, imports, exports, overview, background → tasks → projects → auth → idempotency → platform. */
const above = (layers) => `^src/(${layers})/`

export default {
  forbidden: [
    rule('no-circular', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    rule('platform-knows-no-feature', { path: '^src/platform/' }, { path: '^src/', pathNot: '^src/platform/' }),
    rule(
      'idempotency-is-lowest',
      { path: '^src/idempotency/' },
      { path: above('auth|projects|tasks|history|imports|exports|overview|background|classic') },
    ),
    rule(
      'auth-knows-idempotency-only',
      { path: '^src/auth/' },
      { path: above('projects|tasks|history|imports|exports|overview|background|classic') },
    ),
    rule(
      'projects-know-auth-only',
      { path: '^src/projects/' },
      { path: above('tasks|history|imports|exports|overview|background|classic') },
    ),
    rule(
      'tasks-know-what-is-below',
      { path: '^src/tasks/' },
      { path: above('history|imports|exports|overview|background|classic') },
    ),
    rule(
      'siblings-are-strangers',
      { path: '^src/(history|imports|exports|overview|background)/' },
      { path: '^src/(history|imports|exports|overview|background)/', pathNot: '^src/$1/' },
    ),
    rule('console-is-a-leaf', { path: '^src/', pathNot: '^src/(console/|app\\.ts$)' }, { path: '^src/console/' }),
    rule(
      'console-knows-platform-only',
      { path: '^src/console/' },
      { path: '^src/', pathNot: '^src/(console|platform)/' },
    ),
    rule('classic-is-a-leaf', { path: '^src/', pathNot: '^src/(classic/|app\\.ts$)' }, { path: '^src/classic/' }),
    rule('classic-has-no-sql', { path: '^src/classic/' }, { path: '^src/platform/(db|queue|redis)\\.ts$' }),
    rule(
      'features-talk-through-index',
      { path: `^src/(${feature})/` },
      { path: `^src/${feature}/`, pathNot: ['^src/$1/', '/index\\.ts$'] },
    ),
    rule(
      'roots-use-index-or-jobs',
      { path: '^src/(app|jobs)\\.ts$|^src/cli/' },
      { path: `^src/${feature}/`, pathNot: '/(index|jobs)\\.ts$' },
    ),
    rule(
      'every-folder-has-its-place',
      {
        path: '^src/[^/]+/',
        pathNot: above(
          'cli|console|classic|history|imports|exports|overview|background|tasks|projects|auth|idempotency|platform',
        ),
      },
      {},
    ),
    rule('features-know-no-root', { path: `^src/${feature}/` }, { path: '^src/([^/]+\\.ts$|cli/)' }),
    rule('platform-knows-no-root', { path: '^src/platform/' }, { path: '^src/([^/]+\\.ts$|cli/)' }),
    rule(
      'drivers-live-in-platform',
      { path: '^src/', pathNot: '^src/platform/' },
      {
        path: 'node_modules/(pg|pg-copy-streams|pg-boss|redis|@redis|rate-limiter-flexible)/',
      },
    ),
    rule(
      'src-is-production',
      // The embedded database and the demonstration are loaded when they are there; an image has neither.
      { path: '^src/', pathNot: ['\\.test\\.ts$', '^src/cli/(runtime|prepare)\\.ts$'] },
      { path: '^(dev|test|bench|web|scripts)/' },
    ),
    rule(
      'no-dev-dependencies',
      { path: '^src/', pathNot: '\\.test\\.ts$' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
    rule('console-speaks-http', { path: '^web/' }, { path: '^(src|dev|scripts|test|bench)/' }),
    rule('nothing-unresolved', {}, { couldNotResolve: true }),
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
