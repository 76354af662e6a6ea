import { fakeKube } from './fake-kube.ts'
import { kubeClientContract } from './kube-client-contract.ts'

kubeClientContract('fake', async () => {
  const client = fakeKube({ namespaces: ['tenant'] })
  client.serve(
    {
      group: 'nowhere.leasehold.dev',
      version: 'v1',
      plural: 'nothings',
      kind: 'Nothing',
      namespaced: true,
    },
    false,
  )
  return { client, namespace: 'tenant', close: () => client.close() }
})
