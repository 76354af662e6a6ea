import { type Static, Type } from 'typebox'
import { component, displayName, id, pageOf, Timestamp } from './schema-parts.ts'

/** A public key on file, to be named when a machine is asked for. */
export const SshKey = component(
  'SshKey',
  Type.Object(
    {
      id: id('key_0193a7c2'),
      name: displayName('laptop'),
      publicKey: Type.String({ examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ…'] }),
      fingerprint: Type.String({ examples: ['SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDSGuFZBJQ0Jbyo'] }),
      createdAt: Timestamp,
      createdBy: Type.String({ examples: ['7a1c9f0e-olivia'] }),
    },
    { additionalProperties: false },
  ),
)
export type SshKey = Static<typeof SshKey>
export const SshKeyPage = pageOf('SshKeyPage', SshKey)

/** One OpenSSH public key line; options and further lines are refused. */
export const PublicKeyLine = Type.String({
  minLength: 20,
  maxLength: 16_384,
  description: 'One line as in `~/.ssh/id_ed25519.pub`: type, data, comment. No options.',
  examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ… me@laptop'],
})

export const AddSshKeyBody = component(
  'AddSshKeyBody',
  Type.Object(
    { name: Type.Optional(displayName('laptop')), publicKey: PublicKeyLine },
    { additionalProperties: false },
  ),
)
export type AddSshKeyBody = Static<typeof AddSshKeyBody>
