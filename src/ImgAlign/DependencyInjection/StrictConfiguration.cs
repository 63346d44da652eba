using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

/// <summary>
/// Options from a configuration in which nothing is ignored: an unknown key, or a value of another type than its option's, is an error that
/// names the key and the value. Numbers are written with a point and without separators of thousands, whatever the culture.
/// </summary>
public static class StrictConfiguration
{
    /// <summary>
    /// Binds options to a section, as <c>Bind</c> does, but strictly. A section around it may have this one among its keys.
    /// </summary>
    /// <param name="options">The options, which fail with an <see cref="OptionsValidationException"/> when they are made.</param>
    /// <param name="configuration">The section, such as <c>ImgAlign:Sdxl</c>.</param>
    public static OptionsBuilder<TOptions> BindStrictly<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] TOptions>(
        this OptionsBuilder<TOptions> options,
        IConfiguration configuration
    )
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration is IConfigurationSection section)
            options.Services.AddSingleton(new BoundSection(section.Path));
        options.Services.AddSingleton<IOptionsChangeTokenSource<TOptions>>(
            new ConfigurationChangeTokenSource<TOptions>(options.Name, configuration)
        );
        return options.Configure<IEnumerable<BoundSection>>(
            (value, bound) =>
            {
                var problems = new ConfigurationCheck(bound).Problems(configuration, typeof(TOptions)).ToList();
                if (problems.Count > 0)
                    throw new OptionsValidationException(options.Name, typeof(TOptions), problems);
                configuration.Bind(value);
            }
        );
    }

    /// <summary>Reads options from a section outside a container.</summary>
    /// <param name="configuration">The section.</param>
    /// <exception cref="ImgAlignException">A key is not known, or a value is of another type than its option.</exception>
    public static TOptions GetStrictly<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] TOptions>(
        this IConfiguration configuration
    )
        where TOptions : new()
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var problems = new ConfigurationCheck([]).Problems(configuration, typeof(TOptions)).ToList();
        if (problems.Count > 0)
            throw new ImgAlignException(string.Join(" ", problems));
        var options = new TOptions();
        configuration.Bind(options);
        return options;
    }
}
