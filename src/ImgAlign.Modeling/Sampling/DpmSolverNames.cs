namespace ImgAlign.Sampling;

/// <summary>The names of the forms of DPM-Solver, such as <c>dpmpp-2m-sde</c>.</summary>
internal static class DpmSolverNames
{
    /// <summary>The name of a form.</summary>
    /// <param name="order">The order.</param>
    /// <param name="steps"><c>m</c> for multistep, <c>s</c> for singlestep.</param>
    /// <param name="update">The form of its updates.</param>
    public static string Of(int order, char steps, DpmUpdate update) =>
        $"dpm{(update.PredictsNoise ? "" : "pp")}-{order}{steps}{(update.IsStochastic ? "-sde" : "")}";
}
