// contracts ← cores ← services → runtime → contracts: an arrow points at what is imported, and never turns round.
const cores = '^libs/(random|traces|sketch|queueing|forecasting|simulation|planning|deciding|replay)/';
const pureFile = '(^libs/(contracts|random|traces|sketch|queueing|forecasting|simulation|planning|deciding|replay)/src/|/src/decide(\\.ts$|/))';
const test = '\\.test\\.ts$';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { pathNot: test }, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    { name: 'contracts-import-nothing', severity: 'error', from: { path: '^libs/contracts/' }, to: { path: '^(libs|services|apps)/', pathNot: '^libs/contracts/' } },
    { name: 'cores-import-cores-and-contracts', severity: 'error', from: { path: cores }, to: { path: '^(libs/runtime|services|apps)/' } },
    { name: 'runtime-knows-no-capacity', severity: 'error', from: { path: '^libs/runtime/' }, to: { path: '^(libs|services|apps)/', pathNot: '^libs/(runtime|contracts|random)/' } },
    { name: 'services-do-not-know-each-other', severity: 'error', from: { path: '^services/([^/]+)/' }, to: { path: '^(services|apps)/', pathNot: '^services/$1/' } },
    { name: 'only-the-stack-puts-services-together', severity: 'error', from: { path: '^apps/', pathNot: '^apps/stack/' }, to: { path: '^services/' } },
    {
      name: 'pure-code-touches-no-world',
      severity: 'error',
      from: { path: pureFile, pathNot: `${test}|/conformance/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'decide-imports-no-world',
      severity: 'error',
      from: { path: '/src/decide(\\.ts$|/)', pathNot: test },
      to: { path: '(/src/adapters/|/src/(service|main)\\.ts$|^libs/runtime/src/(?!ports/|index))' },
    },
    { name: 'tests-stay-outside', severity: 'error', from: { pathNot: `${test}|/conformance/` }, to: { path: test } },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['source', 'import', 'node', 'default'], extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'] },
    tsPreCompilationDeps: true,
  },
};
