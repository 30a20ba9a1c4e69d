// zhipu's other host, api.z.ai: the same wire in English, keys of its own (providers.md section 12.1).
import zhipu from './zhipu.mjs';

export default { ...zhipu, id: 'zai', key_shape: /^[0-9a-f]{32}\.z[A-Za-z0-9]{15}$/ };
