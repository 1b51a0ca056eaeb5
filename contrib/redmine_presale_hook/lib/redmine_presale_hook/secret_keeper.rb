# frozen_string_literal: true

module RedminePresaleHook
  # Saving the settings page with an empty secret keeps the one there is, as the page never shows it. It is stored as Redmine stores
  # passwords of mail and LDAP servers: encrypted where configuration.yml has a `database_cipher_key`.
  module SecretKeeper
    def plugin_redmine_presale_hook=(given)
      super(SecretKeeper.stored(given.to_h.transform_keys(&:to_s), RedminePresaleHook.settings))
    end

    def self.stored(given, known)
      secret = given['secret'].to_s.strip
      kept = given['forget'] == '1' ? '' : known['secret'].to_s
      {
        'url' => given['url'].to_s.strip,
        'secret' => secret.empty? ? kept : Redmine::Ciphering.encrypt_text(secret),
        'ca_file' => given['ca_file'].to_s.strip,
        'trackers' => Array(given['trackers']).map(&:to_s).reject(&:empty?),
      }
    end
  end
end
