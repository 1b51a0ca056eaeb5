# frozen_string_literal: true

require 'json'
require 'net/http'
require 'openssl'
require 'timeout'
require 'uri'

module RedminePresaleHook
  # Where to tell, and how. Needs neither Rails nor a database once it is made: the courier's thread has none.
  class Target
    TIMEOUT = 5 # seconds: to connect, and for each read and write
    WHOLE = 10 # seconds for all of it, if the receiver answers drop by drop

    # From the plugin's settings; nil when they say too little, or nonsense: then the plugin is off.
    def self.from(settings)
      url, secret = settings.values_at('url', 'secret').map(&:to_s)
      return if url.empty? || secret.empty? || (uri = parse(url)).nil?

      new(uri, Redmine::Ciphering.decrypt_text(secret), settings['ca_file'].to_s, Array(settings['trackers']).map(&:to_i))
    end

    def self.parse(url)
      uri = URI.parse(url)
      uri if uri.is_a?(URI::HTTP) && !uri.host.to_s.empty? && uri.userinfo.nil?
    rescue URI::InvalidURIError
      nil
    end

    def initialize(uri, secret, ca_file = '', trackers = [])
      @uri = uri
      @secret = secret
      @ca_file = ca_file
      @trackers = trackers
    end

    # For logs: without path, parameters and secret.
    def to_s
      "#{@uri.host}:#{@uri.port}"
    end

    alias inspect to_s

    # Whether any of these trackers is among those that the administrator has chosen; none chosen means all.
    def wants?(trackers)
      @trackers.empty? || (@trackers & trackers).any?
    end

    # The status of the answer. Raises whatever the network raises.
    def post(hint)
      Timeout.timeout(WHOLE) do
        connection.start do |http|
          http.request(request(hint)) { |answer| return answer.code.to_i } # leaves before the body, which nobody needs
        end
      end
    end

    private

    def connection
      http = Net::HTTP.new(@uri.host, @uri.port)
      http.open_timeout = http.read_timeout = http.ssl_timeout = TIMEOUT
      http.write_timeout = TIMEOUT if http.respond_to?(:write_timeout=) # Ruby 2.6
      http.use_ssl = @uri.is_a?(URI::HTTPS)
      http.verify_mode = OpenSSL::SSL::VERIFY_PEER
      http.ca_file = @ca_file unless @ca_file.empty?
      http
    end

    def request(hint)
      body = JSON.generate('event' => 'issue', 'id' => hint.id, 'at' => hint.at, 'delivery' => hint.delivery)
      Net::HTTP::Post.new(@uri.request_uri, headers(body, hint)).tap { |post| post.body = body }
    end

    def headers(body, hint)
      {
        'Content-Type' => 'application/json',
        'User-Agent' => 'Redmine presale hook',
        'X-Redmine-Event' => 'issue',
        'X-Redmine-Delivery' => hint.delivery,
        'X-Redmine-Signature-256' => "sha256=#{OpenSSL::HMAC.hexdigest('SHA256', @secret, body)}",
      }
    end
  end
end
