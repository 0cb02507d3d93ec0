# producer.py
import os

from spooled import Spooled

spooled = Spooled(os.environ['SPOOLED_API_KEY'], os.getenv('SPOOLED_URL', 'https://api.spooled.cloud'))

# Dispatch a job
spooled.dispatch('emails', {
    'type': 'send_welcome_email',
    'user_id': 123,
    'email': 'user@example.com'
})

# Dispatch with 5 minute delay
spooled.dispatch('emails', {
    'type': 'send_reminder',
    'user_id': 123
}, delay=300)

# The worker fails this one, and it is retried
spooled.dispatch('emails', {'type': 'no_such_type'})
