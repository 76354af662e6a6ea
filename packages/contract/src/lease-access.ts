import { type Static, Type } from 'typebox'
import { component, nullable, ref, Timestamp } from './schema-parts.ts'

/** How to reach a ready machine by SSH: through the gateway, which knows each machine by its lease. */
export const SshAccess = component(
  'SshAccess',
  Type.Object(
    {
      host: Type.String({ description: 'The SSH gateway.', examples: ['127.0.0.1'] }),
      port: Type.Integer({ minimum: 1, maximum: 65_535, examples: [2_222] }),
      user: Type.String({ description: 'Account in the machine.', examples: ['leasehold'] }),
      command: Type.String({
        description:
          'Ready to paste into a shell: jumps through the gateway and trusts exactly the keys below.',
        examples: ['ssh -o HostKeyAlias=lse_0193a7c2 … leasehold@lse_0193a7c2'],
      }),
      hostKeys: Type.Array(Type.String({ examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ…'] }), {
        description: 'Public host keys of the machine, for `known_hosts`.',
      }),
      gatewayUser: Type.String({
        description: 'User name for the gateway itself.',
        examples: ['lse_0193a7c2'],
      }),
      gatewayHostKeys: Type.Array(Type.String(), {
        description: 'Public host keys of the gateway, for `known_hosts`.',
      }),
    },
    { additionalProperties: false },
  ),
)

/** How to reach a ready machine’s Jupyter. */
export const JupyterAccess = component(
  'JupyterAccess',
  Type.Object(
    {
      linkUrl: Type.String({
        description: 'POST to it to get a one-time link for a browser.',
        examples: ['/v1/leases/lse_0193a7c2/jupyter-link'],
      }),
      origin: Type.String({ examples: ['http://lse-0193a7c2.localhost:8082'] }),
    },
    { additionalProperties: false },
  ),
)

export const LeaseAccess = component(
  'LeaseAccess',
  Type.Object(
    { ssh: nullable(ref(SshAccess)), jupyter: nullable(ref(JupyterAccess)) },
    { additionalProperties: false, description: 'Null where there is none, or none now.' },
  ),
)
export type LeaseAccess = Static<typeof LeaseAccess>

/** A link that opens the machine’s Jupyter once. */
export const JupyterLink = component(
  'JupyterLink',
  Type.Object(
    {
      url: Type.String({
        description: 'Open it in a browser: it works once and sets a cookie.',
        examples: ['http://lse-0193a7c2.localhost:8082/_leasehold/open/9f2c…'],
      }),
      expiresAt: Timestamp,
    },
    { additionalProperties: false },
  ),
)
export type JupyterLink = Static<typeof JupyterLink>
