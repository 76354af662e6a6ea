import { describe, expect, it } from 'vitest'
import { podRequests } from './pod-requests.ts'

const asking = (requests: object, more: object = {}) => ({ resources: { requests }, ...more })

describe('what a pod keeps from its node', () => {
  it.each([
    { name: 'nothing said', spec: { containers: [{}] }, asks: {} },
    {
      name: 'containers together',
      spec: { containers: [asking({ cpu: '500m', memory: '1Gi' }), asking({ cpu: '2' })] },
      asks: { cpu: 2.5, memory: 1_073_741_824 },
    },
    {
      name: 'a limit that no request stands for',
      spec: { containers: [{ resources: { limits: { 'nvidia.com/gpu': '2' } } }] },
      asks: { 'nvidia.com/gpu': 2 },
    },
    {
      name: 'a hungry first step',
      spec: { initContainers: [asking({ cpu: '3' })], containers: [asking({ cpu: '1' })] },
      asks: { cpu: 3 },
    },
    {
      name: 'a sidecar that stays',
      spec: {
        initContainers: [
          asking({ cpu: '1' }, { restartPolicy: 'Always' }),
          asking({ cpu: '500m' }),
        ],
        containers: [asking({ cpu: '1' })],
      },
      asks: { cpu: 2 },
    },
    {
      name: 'a hungry step beside a sidecar',
      spec: {
        initContainers: [asking({ cpu: '1' }, { restartPolicy: 'Always' }), asking({ cpu: '4' })],
        containers: [asking({ cpu: '1' })],
      },
      asks: { cpu: 5 },
    },
    {
      name: 'the overhead of its runtime',
      spec: { containers: [asking({ cpu: '1' })], overhead: { cpu: '250m', memory: '320Mi' } },
      asks: { cpu: 1.25, memory: 335_544_320 },
    },
    {
      name: 'requests of the whole pod',
      spec: { containers: [asking({ cpu: '1' })], resources: { requests: { cpu: '4' } } },
      asks: { cpu: 4 },
    },
    {
      name: 'a quantity that is none',
      spec: { containers: [asking({ cpu: 'many', memory: '1Mi' })] },
      asks: { memory: 1_048_576 },
    },
  ])('is counted as the scheduler does: $name', ({ spec, asks }) => {
    expect(podRequests({ spec })).toEqual(asks)
  })
})
