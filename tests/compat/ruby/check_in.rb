# Sends one run, and an event beside it, and prints the Content-Encoding headers that were on the wire.
#
# usage: check_in.rb SLUG PADDING      PADDING: so many bytes are added to each check-in; the SDK compresses from 30 KiB on
#
# sentry-ruby knows check-ins since 5.12. Older versions, as some distributions have them, send the envelope by the
# transport that they send everything by.

require "logger"
require "net/http"
require "sentry-ruby"

slug, padding = ARGV[0], Integer(ARGV[1])
encodings = []
Net::HTTP.prepend(Module.new do
  define_method(:request) do |request, *rest, &block|
    encodings << request["content-encoding"].inspect
    super(request, *rest, &block)
  end
end)

Sentry.init do |config|
  config.environment = "staging"
  config.background_worker_threads = 0
  config.send_client_reports = false
  # The default log would go to where the answer goes.
  config.public_send(config.respond_to?(:sdk_logger=) ? :sdk_logger= : :logger=, Logger.new($stderr))
end

id = SecureRandom.uuid.delete("-")
schedule = { type: "interval", value: 3, unit: "hour" }
check_in = { check_in_id: id, monitor_slug: slug, environment: "staging", release: "x" * padding }
transport = Sentry.get_current_client.transport
[{ status: "in_progress", monitor_config: { schedule: schedule } }, { status: "ok", duration: 0.5 }].each do |report|
  envelope = Sentry::Envelope.new({ event_id: SecureRandom.uuid.delete("-"), dsn: ENV.fetch("SENTRY_DSN") })
  envelope.add_item({ type: "check_in", content_type: "application/json" }, check_in.merge(report))
  transport.send_envelope(envelope)
end
puts encodings.uniq.join(" ")
